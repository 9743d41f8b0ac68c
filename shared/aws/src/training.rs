//! What the dictionary is trained with: texts as they would be stored.

use segno_engine::store::{Commit, Head, Shown};
use segno_interpreter::key::ExecutionKey;

use crate::{
    AwsBackend, heads,
    known::{Known, Tip},
};

impl AwsBackend {
    /// The text of a commit that comes after those that were asked for before.
    ///
    /// # Panics
    ///
    /// If there is something in it that cannot be stored.
    pub fn commit_text(&self, execution: &ExecutionKey, commit: &Commit<'_>) -> Vec<u8> {
        let known: &Known = &self.inner.known;
        let before = known.tip(execution).filter(|_| commit.number > 1);
        let before = before.map_or_else(Tip::start, |tip| Tip::clone(&tip));
        let entry = self.entry(execution, commit, &before);
        let entry = entry.expect("a commit can be stored");
        known.keep(execution, entry.tip);
        entry.record.encode().expect("it has string keys only")
    }
}

/// The texts of a head row.
///
/// # Panics
///
/// If there is something in it that cannot be stored.
pub fn head_texts(head: &Head, shown: &Shown) -> [Vec<u8>; 2] {
    let texts = heads::texts(head, shown);
    texts.expect("a head row can be stored")
}
