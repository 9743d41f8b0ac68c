//! Data as state machines see it: JSON values, the paths that read them, the paths that write them,
//! the templates that are made of both.

pub(crate) mod budget;
pub mod expression;
pub mod json_path;
pub mod json_text;
pub mod number;
pub mod path;
pub mod reference_path;
pub mod scope;
pub mod template;
pub mod timestamp;
pub mod value;
