//! Checkpoints that are too wide to be written whole at each commit: as the difference to the one
//! before.
//!
//! A Map of a thousand iterations has a checkpoint of hundreds of kilobytes, and a commit for nearly
//! every one of them. So a commit has either the whole checkpoint, or what it differs in from the
//! commit before; and it is whole again when the differences since the last whole one have grown as
//! large as that. Then a store writes at most twice what changed, and reads at most twice what it is.

mod difference;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use segno_interpreter::{checkpoint::Unreadable, key::ExecutionKey};

/// Bytes up to which a checkpoint is always written whole.
pub const WHOLE_BYTES_MAX: usize = 16 * 1024;

/// Bytes of checkpoints that are remembered to tell differences from. Those of an execution that is
/// forgotten are written whole once more.
const REMEMBERED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How the checkpoint of a commit is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// Number of the last commit whose checkpoint is written whole. If that is the commit's own, so is
    /// this.
    pub whole: u64,
    /// The checkpoint, or what it differs in from that of the commit before.
    pub text: String,
}

/// The newest checkpoints of executions whose checkpoints are wide, as far as a store has come across
/// them.
#[derive(Default)]
pub struct Wide {
    newest: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    of: HashMap<ExecutionKey, Newest>,
    bytes: usize,
}

/// A wide checkpoint as its execution's newest commit has it.
#[derive(Debug, Clone)]
pub struct Newest {
    number: u64,
    text: Arc<str>,
    /// The last commit that has it whole.
    whole: u64,
    whole_bytes: usize,
    /// Bytes of the differences since.
    difference_bytes: usize,
}

impl Newest {
    /// A checkpoint that is written whole.
    fn whole(number: u64, text: Arc<str>) -> Self {
        Self {
            number,
            whole: number,
            whole_bytes: text.len(),
            difference_bytes: 0,
            text,
        }
    }

    /// The text of the checkpoint.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Wide {
    /// How the checkpoint of commit `number` is written, whose text is `text`. What is given beside it
    /// is for [`keep`](Self::keep), once the commit is durable.
    pub fn form(
        &self,
        execution: &ExecutionKey,
        number: u64,
        text: String,
    ) -> (Form, Option<Newest>) {
        if text.len() <= WHOLE_BYTES_MAX {
            let whole = number;
            return (Form { whole, text }, None);
        }
        let before = self.remembered().of.get(execution).cloned();
        let before = before.filter(|before| before.number + 1 == number);
        let as_difference = before.and_then(|before| before.followed_by(&text));
        let (form, newest) = as_difference.unwrap_or_else(|| {
            let newest = Newest::whole(number, text.as_str().into());
            let whole = number;
            (Form { whole, text }, newest)
        });
        (form, Some(newest))
    }

    /// Remembers the checkpoint of a commit that is durable; `None` if it is not wide.
    pub fn keep(&self, execution: &ExecutionKey, newest: Option<Newest>) {
        self.remembered().put(execution, newest);
    }

    /// The checkpoint of the newest commit, from the commits since the last whole one, oldest first.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if the differences are none.
    pub fn assemble<T: AsRef<str>>(
        &self,
        execution: &ExecutionKey,
        whole: u64,
        texts: &[T],
    ) -> Result<String, Unreadable> {
        let Some((first, differences)) = texts.split_first() else {
            // What has no beginning is not JSON.
            return Err(serde_json::from_str::<()>("")
                .expect_err("it is empty")
                .into());
        };
        let whole_bytes = first.as_ref().len();
        let text = difference::apply(first.as_ref(), differences.iter().map(AsRef::as_ref))?;
        if text.len() > WHOLE_BYTES_MAX {
            let newest = Newest {
                number: whole + differences.len() as u64,
                text: text.as_str().into(),
                whole,
                whole_bytes,
                difference_bytes: differences.iter().map(|text| text.as_ref().len()).sum(),
            };
            self.keep(execution, Some(newest));
        }
        Ok(text)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.newest.lock().expect("nothing panics under the lock")
    }
}

impl Newest {
    /// The next checkpoint as the difference to this one; `None` if it had better be written whole.
    fn followed_by(self, text: &str) -> Option<(Form, Self)> {
        let difference = difference::difference(&self.text, text).ok()?;
        let difference_bytes = self.difference_bytes + difference.len();
        if difference_bytes > self.whole_bytes {
            return None;
        }
        let form = Form {
            whole: self.whole,
            text: difference,
        };
        let next = Self {
            number: self.number + 1,
            text: text.into(),
            difference_bytes,
            ..self
        };
        Some((form, next))
    }
}

impl Remembered {
    fn put(&mut self, execution: &ExecutionKey, newest: Option<Newest>) {
        let known = self.of.get(execution);
        // Whoever loaded earlier does not replace what was committed since.
        if let (Some(known), Some(newest)) = (known, &newest)
            && known.number >= newest.number
        {
            return;
        }
        if let Some(known) = self.of.remove(execution) {
            self.bytes -= known.text().len();
        }
        let Some(newest) = newest else {
            return;
        };
        if self.bytes > REMEMBERED_BYTES_MAX {
            self.of.clear();
            self.bytes = 0;
        }
        self.bytes += newest.text().len();
        self.of.insert(execution.clone(), newest);
    }
}

#[cfg(test)]
mod tests {
    use segno_interpreter::key::Nonce;
    use serde_json::{Value, json};

    use super::*;

    fn execution() -> ExecutionKey {
        ExecutionKey {
            arn: "arn:aws:states:us-east-1:123456789012:execution:m:one".into(),
            nonce: Nonce::default(),
        }
    }

    /// A checkpoint with so many frames, of which the first so many have gone on.
    fn checkpoint(frames: usize, moved: usize) -> String {
        let frame = |index| {
            let phase = if index < moved { "Submitted" } else { "Due" };
            json!({ "state": "Work", "phase": phase, "input": index, "previous": 17 + index })
        };
        let frames: serde_json::Map<String, Value> =
            (0..frames).map(|i| (i.to_string(), frame(i))).collect();
        json!({ "version": 2, "recorded": moved, "frames": frames }).to_string()
    }

    /// A log as a store keeps it.
    #[derive(Default)]
    struct Log(Vec<Form>);

    impl Log {
        fn commit(&mut self, wide: &Wide, text: String) {
            let number = self.0.len() as u64 + 1;
            let (form, newest) = wide.form(&execution(), number, text);
            self.0.push(form);
            wide.keep(&execution(), newest);
        }

        fn load(&self, wide: &Wide) -> Value {
            let whole = self.0.last().unwrap().whole;
            let first = usize::try_from(whole).unwrap() - 1;
            let texts: Vec<&str> = self.0[first..].iter().map(|f| f.text.as_str()).collect();
            let text = wide.assemble(&execution(), whole, &texts).unwrap();
            serde_json::from_str(&text).unwrap()
        }

        fn bytes(&self) -> usize {
            self.0.iter().map(|form| form.text.len()).sum()
        }
    }

    #[test]
    fn a_small_checkpoint_is_written_whole() {
        let (wide, mut log) = (Wide::default(), Log::default());
        for moved in 0..3 {
            log.commit(&wide, checkpoint(3, moved));
        }
        let whole: Vec<u64> = log.0.iter().map(|form| form.whole).collect();
        assert_eq!(whole, [1, 2, 3]);
    }

    #[test]
    fn what_is_written_of_a_wide_one_grows_with_what_changes() {
        const FRAMES: usize = 300;
        let (wide, mut log) = (Wide::default(), Log::default());
        for moved in 0..=FRAMES {
            log.commit(&wide, checkpoint(FRAMES, moved));
        }
        let one = checkpoint(FRAMES, 0).len();
        assert!(log.bytes() < 5 * one, "{} bytes of {one}", log.bytes());
        let expected: Value = serde_json::from_str(&checkpoint(FRAMES, FRAMES)).unwrap();
        assert_eq!(log.load(&wide), expected);
    }

    #[test]
    fn every_commit_reads_back_and_none_is_read_far_back() {
        let (wide, mut log) = (Wide::default(), Log::default());
        for moved in 0..400 {
            let text = checkpoint(300, moved);
            let expected: Value = serde_json::from_str(&text).unwrap();
            log.commit(&wide, text.clone());
            let first = usize::try_from(log.0.last().unwrap().whole).unwrap() - 1;
            let read: usize = log.0[first..].iter().map(|form| form.text.len()).sum();
            assert!(read <= 3 * text.len(), "{read} bytes for {}", text.len());
            assert_eq!(log.load(&Wide::default()), expected);
        }
    }

    #[test]
    fn a_process_that_has_loaded_goes_on_with_differences() {
        let (first, mut log) = (Wide::default(), Log::default());
        log.commit(&first, checkpoint(300, 0));
        log.commit(&first, checkpoint(300, 1));

        let second = Wide::default();
        log.load(&second);
        log.commit(&second, checkpoint(300, 2));

        assert_eq!(log.0.last().unwrap().whole, 1);
        let expected: Value = serde_json::from_str(&checkpoint(300, 2)).unwrap();
        assert_eq!(log.load(&Wide::default()), expected);
    }

    #[test]
    fn without_the_commit_before_it_is_written_whole() {
        let (wide, mut log) = (Wide::default(), Log::default());
        log.commit(&wide, checkpoint(300, 0));
        // Somebody else's commit.
        log.commit(&Wide::default(), checkpoint(300, 1));
        log.commit(&wide, checkpoint(300, 2));
        assert_eq!(log.0.last().unwrap().whole, 3);
    }
}
