//! What an evaluation costs, watched while it runs. The engine's own limits are about one value and
//! about the clock, which it reads now and then; this one adds up what is made, and reads it often.

use std::{
    fmt::{self, Write},
    time::{Duration, Instant},
};

use jlens_core::{
    CancelToken, Node, NodeKind,
    ast::BinaryOp,
    audit::{CaptureLimits, Outcome, Tracer, ValueRef},
};

use crate::limits;

/// Stops the evaluation that it watches.
pub(super) struct Meter {
    token: CancelToken,
    deadline: Instant,
    events: u32,
    bytes: usize,
    stopped: Option<Exceeded>,
    is_function: bool,
}

/// What was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exceeded {
    Time,
    Memory,
}

/// The clock is read every so many nodes.
const CLOCK_EVERY: u32 = 8;

/// Bytes of an item in an array, at least.
const ITEM_BYTES: usize = 16;

impl Meter {
    #[expect(
        clippy::disallowed_methods,
        reason = "a limit of time, which decides nothing but when a runaway expression is stopped"
    )]
    pub(super) fn new(token: CancelToken, time: Duration) -> Self {
        Self {
            token,
            deadline: Instant::now() + time,
            events: 0,
            bytes: 0,
            stopped: None,
            is_function: false,
        }
    }

    /// Why the evaluation was stopped, if it was.
    pub(super) fn stopped(&self) -> Option<Exceeded> {
        self.stopped
    }

    /// Whether the result is a function, which the engine hands out as nothing.
    pub(super) fn is_function(&self) -> bool {
        self.is_function
    }

    fn stop(&mut self, why: Exceeded) {
        self.token.cancel();
        self.stopped.get_or_insert(why);
    }
}

impl Tracer for Meter {
    #[expect(clippy::disallowed_methods, reason = "as for the deadline")]
    fn enter(&mut self, _node: &Node, _input: ValueRef<'_>) {
        self.events = self.events.wrapping_add(1);
        if self.events.is_multiple_of(CLOCK_EVERY) && Instant::now() >= self.deadline {
            self.stop(Exceeded::Time);
        }
    }

    fn exit(&mut self, node: &Node, outcome: Outcome<'_>) {
        if let Outcome::Value(value) = outcome
            && makes_values(&node.kind)
        {
            self.bytes = self.bytes.saturating_add(size(value));
            if self.bytes > limits::JSONATA_MADE_BYTES_MAX {
                self.stop(Exceeded::Memory);
            }
        }
    }

    fn end(&mut self, outcome: Outcome<'_>) {
        if let Outcome::Value(value) = outcome {
            self.is_function = value.type_name() == "function";
        }
    }
}

/// Whether what a node comes to is new, and may be larger than what it was made of.
fn makes_values(kind: &NodeKind) -> bool {
    match kind {
        NodeKind::Binary { op, .. } => matches!(op, BinaryOp::Concat | BinaryOp::Range),
        NodeKind::Function { .. } | NodeKind::Apply { .. } | NodeKind::Array { .. } => true,
        _ => false,
    }
}

/// About how many bytes a value takes, without those that its parts have.
fn size(value: ValueRef<'_>) -> usize {
    match value.type_name() {
        "string" => {
            let mut length = Length(0);
            write!(length, "{value:?}").expect("counting accepts every write");
            length.0
        }
        "array" => items(value).saturating_mul(ITEM_BYTES),
        _ => 0,
    }
}

/// How many items an array has: the engine says so when it is asked for none of them.
fn items(value: ValueRef<'_>) -> usize {
    let limits = CaptureLimits {
        max_items: 0,
        max_depth: 1,
        ..CaptureLimits::default()
    };
    let captured = value.capture(&limits);
    let text = captured.as_ref().and_then(|array| array.get(0)?.as_str());
    text.and_then(|more| more.split(' ').nth(1)?.parse().ok())
        .unwrap_or(0)
}

/// A writer that keeps nothing but the number of bytes.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jlens_core::{Bindings, Expression, Options};

    use super::*;

    fn made(text: &str) -> usize {
        let mut meter = Meter::new(CancelToken::new(), Duration::from_secs(10));
        let expression = Expression::compile(text).unwrap();
        expression
            .evaluate_traced(None, &Bindings::new(), &Options::new(), &mut meter)
            .unwrap();
        meter.bytes
    }

    #[test]
    fn what_is_made_counts_and_what_is_read_does_not() {
        assert_eq!(made("1 + 1"), 0);
        assert_eq!(
            made("($a := 'abc'; [$a = $a, $a = $a].$count($))"),
            2 * ITEM_BYTES
        );
        assert_eq!(made("$count([1..1000])"), 2 * 1_000 * ITEM_BYTES);
        // With its quotes, as text of a program.
        assert_eq!(made("$length('abc' & 'def')"), 8);
    }

    #[test]
    fn a_function_is_told_from_nothing() {
        for (text, is_function) in [("$sum", true), ("$nothing", false)] {
            let mut meter = Meter::new(CancelToken::new(), Duration::from_secs(10));
            let expression = Expression::compile(text).unwrap();
            let answer =
                expression.evaluate_traced(None, &Bindings::new(), &Options::new(), &mut meter);
            assert_eq!((answer, meter.is_function()), (Ok(None), is_function));
        }
    }
}
