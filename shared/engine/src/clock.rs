//! What time it is.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::SystemTime,
};

use segno_interpreter::event::Timestamp;

/// What time it is, and when it will be later.
///
/// The promise: [`now`](Clock::now) does not fall behind what was waited for. Once
/// [`sleep_until`](Clock::sleep_until) or [`pass_until`](Clock::pass_until) has returned, `now` is at
/// least that.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch.
    fn now(&self) -> Timestamp;

    /// Waits while something else may happen, too.
    fn sleep_until(&self, time: Timestamp) -> impl Future<Output = ()> + Send;

    /// Waits while nothing but time can move the execution: a virtual clock need not.
    fn pass_until(&self, time: Timestamp) -> impl Future<Output = ()> + Send {
        self.sleep_until(time)
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    async fn sleep_until(&self, time: Timestamp) {
        // A timer may fire a little early; `now` must not be behind.
        loop {
            let left = self.now().until(time);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

/// The clock of the machine, but for the waits: it jumps over them.
#[derive(Debug, Default)]
pub struct SkippingClock {
    skipped_milliseconds: AtomicI64,
}

impl Clock for SkippingClock {
    fn now(&self) -> Timestamp {
        let skipped = self.skipped_milliseconds.load(Ordering::Relaxed);
        Timestamp(SystemClock.now().0.saturating_add(skipped))
    }

    async fn sleep_until(&self, time: Timestamp) {
        loop {
            let left = self.now().until(time);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }

    async fn pass_until(&self, time: Timestamp) {
        let left = i64::try_from(self.now().until(time).as_millis()).unwrap_or(i64::MAX);
        self.skipped_milliseconds.fetch_add(left, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_skipping_clock_is_there_at_once() {
        let clock = SkippingClock::default();
        let in_a_year = Timestamp(clock.now().0 + 365 * 24 * 3_600_000);
        clock.pass_until(in_a_year).await;
        assert!(clock.now() >= in_a_year);
    }
}
