//! `Retry`: whether and when to try again.
//!
//! Spec: [Retrying after error](https://states-language.net/spec.html#retrying-after-error).

use std::time::Duration;

use super::ErrorPattern;

/// One entry of a state's `Retry` array.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrier {
    /// `ErrorEquals`: what is retried.
    pub error_equals: Vec<ErrorPattern>,
    /// Delay before the first retry. `IntervalSeconds`, default 1 second; it may be 0.
    pub interval: Duration,
    /// How often at most. `MaxAttempts`, default 3; 0 means never.
    pub max_attempts: u32,
    /// Multiplier applied on each further retry. `BackoffRate`, default 2.0, at least 1.0.
    pub backoff_rate: f64,
    /// Upper bound of the delay. `MaxDelaySeconds`; `None` means unbounded.
    pub max_delay: Option<Duration>,
    /// `JitterStrategy`, default `NONE`.
    pub jitter: Jitter,
}

/// What chance does to the delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// The computed delay, exactly.
    None,
    /// Anything from nothing to the computed delay, evenly distributed.
    Full,
}

impl Retrier {
    /// Whether an error of this name is retried at all.
    pub fn matches(&self, error: Option<&str>) -> bool {
        self.error_equals
            .iter()
            .any(|pattern| pattern.matches(error))
    }

    /// Delay before retry number `retry`, counted from 1.
    ///
    /// `interval × backoff_rate^(retry − 1)`, at most `max_delay`. Jitter is applied by the
    /// caller, who has been handed the random number.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use segno_asl::errors::{Jitter, Retrier};
    /// let retrier = Retrier {
    ///     error_equals: vec![],
    ///     interval: Duration::from_secs(3),
    ///     max_attempts: 3,
    ///     backoff_rate: 1.5,
    ///     max_delay: Some(Duration::from_secs(6)),
    ///     jitter: Jitter::None,
    /// };
    /// assert_eq!(retrier.delay(1), Duration::from_secs(3));
    /// assert_eq!(retrier.delay(2), Duration::from_millis(4_500));
    /// assert_eq!(retrier.delay(3), Duration::from_secs(6)); // capped: 6.75 s otherwise
    /// ```
    pub fn delay(&self, retry: u32) -> Duration {
        let exponent = i32::try_from(retry.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.interval.as_secs_f64() * self.backoff_rate.powi(exponent);
        let unbounded = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        unbounded.min(self.max_delay.unwrap_or(Duration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_beyond_all_bounds_is_still_a_duration() {
        let retrier = Retrier {
            error_equals: vec![],
            interval: Duration::from_secs(99_999_999),
            max_attempts: 99_999_999,
            backoff_rate: 1e300,
            max_delay: None,
            jitter: Jitter::None,
        };
        assert_eq!(retrier.delay(u32::MAX), Duration::MAX);
    }
}
