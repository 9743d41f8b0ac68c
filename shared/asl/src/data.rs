//! Data as state machines see it: JSON values, the paths that read them, the paths that write them.

pub mod json_path;
pub mod number;
pub mod reference_path;
