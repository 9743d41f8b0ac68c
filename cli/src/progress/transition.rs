//! The lines of a transition of this process: those of its history, and what now waits until when,
//! which no history says.

use segno_interpreter::{
    checkpoint::{Frame, Phase},
    history::ExecutionData,
    payload::Payloads,
    transition::Transition,
};

use super::{Line, Progress, duration};
use crate::terminal::Color;

impl Progress {
    /// Takes in a commit, and gives its lines.
    pub(crate) fn commit(&mut self, transition: &Transition) -> Vec<String> {
        let events = transition.history.iter();
        // Without the data, none of the payloads is looked at.
        let events =
            events.map(|event| event.to_json(&Payloads::default(), ExecutionData::Withheld));
        let mut lines: Vec<String> = events.filter_map(|event| self.take(&event)).collect();
        let frames = transition.checkpoint.frames.values();
        lines.extend(frames.filter_map(|frame| self.wait(frame, transition)));
        lines
    }

    /// The line of a frame that began to wait in a transition.
    fn wait(&self, frame: &Frame, transition: &Transition) -> Option<String> {
        let (until, verb) = match frame.phase {
            Phase::Waiting { until } => (until, "waits"),
            Phase::BackingOff { until } => (until, "tries again in"),
            _ => return None,
        };
        let mut events = transition.history.iter();
        let event = events.find(|event| event.id == frame.previous)?;
        let owner = self.owners.get(&event.id)?;
        let line = Line {
            color: Color::Yellow,
            sign: "…",
            depth: owner.depth,
            text: format!(
                "{} {verb} {}",
                owner.title(),
                duration(event.at.until(until))
            ),
        };
        Some(self.print(transition.history.last()?.at, &line))
    }
}
