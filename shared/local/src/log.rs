//! The logs of executions: commits, history events, payloads.

use rusqlite::{Connection, OptionalExtension};
use segno_engine::{
    queue::Cause,
    store::{Commit, Loaded, Shown},
    wide::{Form, Newest, Wide},
};
use segno_interpreter::{
    checkpoint::Checkpoint,
    history::HistoryEvent,
    key::ExecutionKey,
    payload::{Payload, PayloadId, Payloads},
};

use crate::{
    executions::{self, stored},
    failure::Failure,
    payloads,
};

/// A commit, ready to be written.
pub(crate) struct Entry {
    key: ExecutionKey,
    number: u64,
    writer: String,
    cause: Option<Cause>,
    last_event: u64,
    checkpoint: Form,
    history: String,
    payloads: Vec<(PayloadId, Payload)>,
    shown: Option<Shown>,
}

/// What came of appending a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It is there.
    Written,
    /// There is one of that number, by another writer, or none of the number before.
    Conflict,
}

impl Entry {
    /// A commit as it is written. The checkpoint that is given along is for [`Wide::keep`].
    pub(crate) fn of(
        key: &ExecutionKey,
        commit: &Commit<'_>,
        wide: &Wide,
    ) -> Result<(Self, Option<Newest>), Failure> {
        let transition = commit.transition;
        let text = String::from_utf8(transition.checkpoint.encode()).expect("JSON is UTF-8");
        let (checkpoint, newest) = wide.form(key, commit.number, text);
        let mut history = Vec::new();
        for event in &transition.history {
            serde_json::to_writer(&mut history, event)?;
            history.push(b'\n');
        }
        let history = String::from_utf8(history).expect("JSON is UTF-8");
        let entry = Self {
            key: key.clone(),
            number: commit.number,
            writer: commit.writer.to_string(),
            cause: commit.cause,
            last_event: transition.checkpoint.recorded,
            checkpoint,
            history,
            payloads: transition.payloads.clone(),
            shown: commit.shown.cloned(),
        };
        // Rendered here, and not by the one thread that writes for all.
        for (_, payload) in &entry.payloads {
            payload.text();
        }
        Ok((entry, newest))
    }

    /// Whether its checkpoint is written as a difference.
    pub(crate) fn is_difference(&self) -> bool {
        self.checkpoint.whole != self.number
    }

    /// Bytes of text that are written.
    pub(crate) fn bytes(&self) -> usize {
        let payloads = self
            .payloads
            .iter()
            .map(|(_, payload)| payload.text().len());
        self.checkpoint.text.len() + self.history.len() + payloads.sum::<usize>()
    }

    /// Appends it to the log of its execution.
    pub(crate) fn append(&self, db: &Connection) -> Result<Appended, Failure> {
        let execution = executions::id_or_new(db, &self.key)?;
        let newest: Option<i64> = db
            .prepare_cached(
                "SELECT number FROM commits WHERE execution = ?1 ORDER BY number DESC LIMIT 1",
            )?
            .query_row([execution], |row| row.get(0))
            .optional()?;
        let number = stored(self.number);
        if number != newest.unwrap_or_default() + 1 {
            return Ok(match self.is_written(db, execution)? {
                true => Appended::Written,
                false => Appended::Conflict,
            });
        }
        self.insert(db, execution)?;
        payloads::insert(db, execution, &self.payloads)?;
        if let Some(shown) = &self.shown {
            executions::show(db, &self.key, shown)?;
        }
        Ok(Appended::Written)
    }

    /// Whether its writer has written it already: others may have written more since.
    fn is_written(&self, db: &Connection, execution: i64) -> Result<bool, Failure> {
        let writer: Option<String> = db
            .prepare_cached("SELECT writer FROM commits WHERE execution = ?1 AND number = ?2")?
            .query_row((execution, stored(self.number)), |row| row.get(0))
            .optional()?;
        Ok(writer.as_deref() == Some(&*self.writer))
    }

    fn insert(&self, db: &Connection, execution: i64) -> Result<(), Failure> {
        db.prepare_cached(
            "INSERT INTO commits
                 (execution, number, writer, cause, last_event, whole, checkpoint, history)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            execution,
            stored(self.number),
            &self.writer,
            self.cause.map(|cause| stored(cause.0)),
            stored(self.last_event),
            stored(self.checkpoint.whole),
            &self.checkpoint.text,
            &self.history,
        ))?;
        Ok(())
    }
}

/// The newest commit of an execution, with the payloads that its checkpoint refers to.
pub(crate) fn load(
    db: &Connection,
    key: &ExecutionKey,
    wide: &Wide,
) -> Result<Option<Loaded>, Failure> {
    let Some(execution) = executions::id(db, key)? else {
        return Ok(None);
    };
    let newest: Option<(i64, Option<i64>, i64, String)> = db
        .prepare_cached(
            "SELECT number, cause, whole, checkpoint FROM commits WHERE execution = ?1
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row([execution], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((number, cause, whole, text)) = newest else {
        return Ok(None);
    };
    let texts = match whole == number {
        true => vec![text],
        false => checkpoints(db, execution, whole, number)?,
    };
    let text = wide.assemble(key, whole.cast_unsigned(), &texts)?;
    let mut checkpoint = Checkpoint::decode(text.as_bytes())?;
    checkpoint.payloads = payloads::select(db, execution, checkpoint.payload_ids())?;
    Ok(Some(Loaded {
        number: number.cast_unsigned(),
        cause: cause.map(|cause| Cause(cause.cast_unsigned())),
        checkpoint,
    }))
}

/// The checkpoints of these commits, as they are written.
fn checkpoints(
    db: &Connection,
    execution: i64,
    first: i64,
    last: i64,
) -> Result<Vec<String>, Failure> {
    let texts = db
        .prepare_cached(
            "SELECT checkpoint FROM commits WHERE execution = ?1 AND number BETWEEN ?2 AND ?3
             ORDER BY number",
        )?
        .query_map((execution, first, last), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(texts)
}

/// A page of history events, and the payloads that they refer to.
pub(crate) fn history(
    db: &Connection,
    key: &ExecutionKey,
    after: u64,
    limit: usize,
) -> Result<(Vec<HistoryEvent>, Payloads), Failure> {
    let Some(execution) = executions::id(db, key)? else {
        return Ok(Default::default());
    };
    let mut statement = db.prepare_cached(
        "SELECT history FROM commits WHERE execution = ?1 AND last_event > ?2 ORDER BY number",
    )?;
    let mut rows = statement.query((execution, stored(after)))?;
    let mut events: Vec<HistoryEvent> = Vec::new();
    while events.len() < limit
        && let Some(row) = rows.next()?
    {
        for line in row
            .get_ref(0)?
            .as_str()
            .map_err(rusqlite::Error::from)?
            .lines()
        {
            let event: HistoryEvent = serde_json::from_str(line)?;
            if event.id > after && events.len() < limit {
                events.push(event);
            }
        }
    }
    let ids = events.iter().flat_map(|event| event.detail.payload_ids());
    let payloads = payloads::select(db, execution, ids)?;
    Ok((events, payloads))
}
