//! Where on the timeline a moment is.

use crate::execution::Execution;

/// The share of the timeline that all the time has in which nothing happened, where that is shortened: a
/// fourth.
const IDLE_SHARE: i64 = 4;

/// Milliseconds of the shortest time that is shortened.
const IDLE_MIN: i64 = 1_000;

/// Moments, in milliseconds since the timeline's beginning.
pub(super) struct Scale {
    origin: i64,
    /// What is between the beginning and the end.
    pub(super) span: i64,
    /// When nothing happened for long: from when on, and how much of it is left out.
    pub(super) idle: Vec<Idle>,
}

/// A time in which nothing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Idle {
    pub(super) began: i64,
    pub(super) ended: i64,
    /// Milliseconds that it is shorter on the timeline.
    cut: i64,
}

impl Scale {
    /// The timeline of an execution. While that goes on, nothing is shortened, and the span is a round
    /// number: bars stay where they are.
    pub(super) fn of(execution: &Execution) -> Self {
        let moments = moments(execution);
        let origin = moments.first().copied().unwrap_or(0);
        let span = moments.last().map_or(1, |last| (last - origin).max(1));
        if execution.is_running() {
            return Self {
                origin,
                span: rounded(span),
                idle: Vec::new(),
            };
        }
        let idle = idle(&moments);
        let cut: i64 = idle.iter().map(|idle| idle.cut).sum();
        Self {
            origin,
            span: (span - cut).max(1),
            idle,
        }
    }

    pub(super) fn place(&self, at: i64) -> i64 {
        let cut = self.idle.iter().map(|idle| {
            let passed = (at - idle.began).clamp(0, idle.ended - idle.began);
            passed - passed * (idle.ended - idle.began - idle.cut) / (idle.ended - idle.began)
        });
        (at - self.origin - cut.sum::<i64>()).clamp(0, self.span)
    }

    /// The timeline as the box of an image.
    pub(super) fn view_box(&self) -> String {
        format!("0 0 {} 16", self.span)
    }
}

/// When something began or ended, each moment once.
fn moments(execution: &Execution) -> Vec<i64> {
    let visits = execution.run.visits.iter();
    let mut moments: Vec<i64> = visits
        .flat_map(|visit| {
            let calls = visit.attempts.iter();
            let calls = calls.flat_map(|call| [Some(call.began), call.ended]);
            calls.chain([Some(visit.began), visit.ended])
        })
        .flatten()
        .collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}

/// The times that take longer than all shorter ones together: those are what one wants to see.
fn idle(moments: &[i64]) -> Vec<Idle> {
    let mut gaps: Vec<(i64, i64)> = moments.windows(2).map(|pair| (pair[0], pair[1])).collect();
    gaps.sort_by_key(|(began, ended)| ended - began);
    let mut busy = 0;
    let mut long = Vec::new();
    for (began, ended) in gaps {
        let length = ended - began;
        if busy > 0 && length >= IDLE_MIN && length > 2 * busy {
            long.push((began, ended));
        } else {
            busy += length;
        }
    }
    let count = i64::try_from(long.len().max(1)).unwrap_or(i64::MAX);
    let left = (busy / (IDLE_SHARE - 1) / count).max(1);
    let mut idle: Vec<Idle> = long
        .into_iter()
        .map(|(began, ended)| Idle {
            began,
            ended,
            cut: (ended - began - left).max(0),
        })
        .collect();
    idle.sort_by_key(|idle| idle.began);
    idle
}

/// The next larger of 1, 2 and 5 times a power of ten.
fn rounded(span: i64) -> i64 {
    let power = 10_i64.pow(span.ilog10());
    let steps = [1, 2, 5, 10].map(|step| step * power);
    steps
        .into_iter()
        .find(|round| *round > span)
        .unwrap_or(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_longer_than_all_else_is_shortened() {
        let hour = 3_600_000;
        // Two seconds of work, an hour of waiting, two seconds of work.
        let moments = [0, 1_000, 2_000, 2_000 + hour, 4_000 + hour];
        let idle = idle(&moments);
        assert_eq!(idle.len(), 1);
        let scale = Scale {
            origin: 0,
            span: 4_000 + hour - idle[0].cut,
            idle,
        };
        assert_eq!(scale.span, 4_000 + 4_000 / 3);
        let places = moments.map(|at| scale.place(at));
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!(places[2], 2_000);
        assert_eq!(places[4], scale.span);
        let middle = scale.place(2_000 + hour / 2);
        assert!((2_600..2_720).contains(&middle), "{middle}");
    }

    #[test]
    fn an_even_pace_stays_as_it_is() {
        assert_eq!(idle(&[0, 10_000, 20_000, 30_000]), []);
        assert_eq!(idle(&[0, 100_000]), []);
    }
}
