//! JSON that a command line gives, or names a file of.

use std::fs;

use anyhow::Context;

/// The text of an option that takes `JSON` or `@FILE`. Whether it is JSON is for others to say.
pub(crate) fn read(option: &str, value: &str) -> anyhow::Result<String> {
    match value.strip_prefix('@') {
        None => Ok(value.to_owned()),
        Some(path) => {
            fs::read_to_string(path).with_context(|| format!("{option}: cannot read {path}"))
        }
    }
}
