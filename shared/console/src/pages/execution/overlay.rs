//! The colours of the graph: what became of each state, and which ways were taken.

use std::collections::BTreeMap;

use super::View;
use crate::{
    execution::Execution,
    graph::{Drawn, Mark, NodeKind, Overlay, Status, layout::Class},
    pages::machine::with_open,
    run::Summary,
};

/// What an execution adds to the graph of its state machine.
pub(super) struct Colours<'a> {
    execution: &'a Execution,
    view: &'a View,
    summaries: BTreeMap<&'a str, Summary>,
}

impl<'a> Colours<'a> {
    pub(super) fn new(execution: &'a Execution, view: &'a View) -> Self {
        Self {
            execution,
            view,
            summaries: execution
                .run
                .summaries(|visit| view.is_in_item(&execution.run, visit)),
        }
    }
}

impl Overlay for Colours<'_> {
    fn state(&self, name: &str) -> Mark {
        let is_selected = self.view.state.as_deref() == Some(name);
        match self.summaries.get(name) {
            Some(summary) => summary.mark(is_selected),
            None => Mark {
                status: Some(Status::NotReached),
                badge: None,
                spoken: Some(Status::NotReached.name().to_owned()),
                is_selected,
            },
        }
    }

    fn is_taken(&self, from: &NodeKind, to: &NodeKind, class: Class) -> Option<bool> {
        let name = |kind: &NodeKind| match kind {
            NodeKind::State(state) => Some(state.name.to_string()),
            NodeKind::Start | NodeKind::End => None,
        };
        let way = (name(from), name(to), class == Class::Catch);
        Some(self.execution.run.taken.contains(&way))
    }

    fn link(&self, state: &Drawn) -> Option<String> {
        let open = match state.hidden {
            0 => self.view.open.clone(),
            _ => with_open(&self.view.open, &state.name),
        };
        Some(
            self.view
                .address(&[("state", &state.name), ("open", &open)]),
        )
    }
}
