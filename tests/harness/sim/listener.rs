//! Whoever is told of status changes in a simulation, and of attempts that are lost.

use std::sync::Arc;

use segno_engine::{
    Observer,
    logs::BoxFuture,
    status::{StatusChange, StatusChanges, Untold},
};
use segno_interpreter::{event::Timestamp, key::ExecutionKey, transition::Transition};

use super::world::{Deed, ProcessId, World};

/// Whom one process tells.
pub(super) struct Listener {
    world: Arc<World>,
    process: ProcessId,
}

impl Listener {
    pub(super) fn new(world: Arc<World>, process: ProcessId) -> Self {
        Self { world, process }
    }
}

impl StatusChanges for Listener {
    fn tell<'a>(&'a self, change: &'a StatusChange) -> BoxFuture<'a, Result<(), Untold>> {
        let status = change.detail["status"].as_str().unwrap();
        let hearing = async move {
            self.world.count(format!("status changes: {status}"));
            self.world.book.heard(&change.execution_arn, status);
        };
        let deed = Deed::Write("tell");
        Box::pin(async move { Ok(self.world.act(self.process, deed, hearing).await?) })
    }
}

impl Observer for Listener {
    fn committed(&self, _execution: &ExecutionKey, _transition: &Transition) {}

    fn lost(&self, _execution: &ExecutionKey, attempts: usize, _now: Timestamp) {
        self.world
            .count_more("attempts reported lost", attempts as u64);
    }
}
