//! Messages: in memory.

use std::time::Duration;

use segno_engine::queue::{Envelope, Queue, QueueError, Receipt, Received};
use segno_interpreter::key::ExecutionKey;

use crate::LocalStore;

impl Queue for LocalStore {
    async fn send(&self, messages: Vec<Envelope>) -> Result<(), QueueError> {
        self.memory.send(messages).await
    }

    fn is_durable(&self) -> bool {
        self.memory.is_durable()
    }

    async fn receive(&self, limit: usize) -> Result<Vec<Received>, QueueError> {
        self.memory.receive(limit).await
    }

    async fn delete(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        self.memory.delete(receipts).await
    }

    fn visibility(&self) -> Option<Duration> {
        self.memory.visibility()
    }

    async fn forget_wake(&self, execution: &ExecutionKey) {
        self.memory.forget_wake(execution).await;
    }

    async fn extend(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        self.memory.extend(receipts).await
    }
}
