//! The messages of each execution, and what accounts for them: nothing breeds.

use super::world::World;

/// What went on about one execution.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// Messages that were sent to it.
    pub sent: u64,
    /// Its commits.
    pub commits: u64,
    /// Messages that somebody outside of it sent because something has happened there: a start, an answer,
    /// a stop, a redrive, the end of a child.
    pub asked: u64,
    /// How often somebody has taken an attempt of an activity.
    pub taken: u64,
    /// Messages that were there twice or came again, and commits that somebody else was before.
    pub repeated: u64,
}

impl Traffic {
    /// As many messages as can be accounted for, when so much has gone wrong and it was asked so often
    /// to recover.
    fn allowed(&self, disturbances: u64, recoveries: u64) -> u64 {
        2 * self.commits
            + 2 * self.asked
            + 4 * self.taken
            + 4 * self.repeated
            + 4 * disturbances
            + 2 * recoveries
    }
}

/// What goes wrong for all executions of a process, or is not told which.
const DISTURBANCES: [&str; 5] = ["deaths", "stalls", "refusals", "lost answers", "slow deeds"];

/// The messages of each execution are no more than what was done, and what went wrong, account for.
///
/// # Errors
///
/// The execution that was told too much.
pub(super) fn nothing_breeds(world: &World) -> Result<(), String> {
    let counts = world.counts();
    let count = |what: &str| counts.get(what).copied().unwrap_or(0);
    let disturbances = DISTURBANCES.iter().map(|what| count(what)).sum();
    for (execution, traffic) in world.traffic() {
        let allowed = traffic.allowed(disturbances, count("recoveries"));
        if traffic.sent > allowed {
            return Err(format!(
                "{execution} was sent more than {allowed} messages: {traffic:?}, {counts:?}"
            ));
        }
    }
    Ok(())
}
