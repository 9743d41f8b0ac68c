//! How large an execution may become.

use segno_asl::limits;
use serde::{Deserialize, Serialize};

/// What an execution may come to before it fails. It is decided when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Bytes of an input, output or result; `None` means that only memory bounds it.
    pub payload_bytes_max: Option<usize>,
    /// History events; `None` means that nothing bounds them.
    pub history_events_max: Option<u64>,
    /// Iterations of an inline Map state that run at the same time.
    pub iterations_max: u64,
}

impl Bounds {
    /// AWS's, at AWS's numbers: what passes here passes there.
    pub const STRICT: Self = Self {
        payload_bytes_max: Some(limits::PAYLOAD_BYTES_MAX),
        history_events_max: Some(limits::HISTORY_EVENTS_MAX),
        iterations_max: limits::INLINE_ITERATIONS_MAX,
    };

    /// Without AWS's cliffs. An inline Map state still has an end to what it runs at once.
    pub const OPEN: Self = Self {
        payload_bytes_max: None,
        history_events_max: None,
        iterations_max: 1_000,
    };

    pub(crate) fn is_strict(&self) -> bool {
        *self == Self::STRICT
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::STRICT
    }
}
