//! Payloads: those of a commit that are small stand together in one row.
//!
//! A Map of a thousand iterations makes a thousand payloads of a few bytes. What a row of its own costs
//! is many times what is in it.

use std::{collections::BTreeSet, fmt::Write};

use rusqlite::{Connection, OptionalExtension};
use segno_interpreter::{
    key::ExecutionKey,
    payload::{Payload, PayloadId, Payloads},
};

use crate::{executions::stored, failure::Failure};

/// Bytes of a row, from which on the next payload has another one: whoever reads one payload
/// reads its row.
const ROW_BYTES_MAX: usize = 4_096;

/// Payloads that stand together, in the order of their numbers.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    first: PayloadId,
    /// For each its number, how many bytes its JSON has, and that, as it came: it may be of many lines.
    texts: String,
}

/// Splits payloads into rows. No row has one of another between its first and its last.
fn rows(payloads: &[(PayloadId, Payload)]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (id, payload) in payloads {
        let text = payload.text();
        let is_input = *id == PayloadId(0);
        let has_room = |row: &&mut Row| {
            // The input is written with the head row, and need not be written again.
            row.first != PayloadId(0)
                && row.first < *id
                && row.texts.len() + text.len() < ROW_BYTES_MAX
        };
        let row = match rows.last_mut().filter(|row| !is_input && has_room(row)) {
            Some(row) => row,
            None => {
                let texts = String::with_capacity(text.len() + 16);
                rows.push(Row { first: *id, texts });
                rows.last_mut().expect("it was pushed")
            }
        };
        // Writing to a string cannot fail.
        let _ = writeln!(row.texts, "{} {} {text}", id.0, text.len());
    }
    rows
}

/// The payloads of a row, as text.
fn read(texts: &str) -> Result<Vec<(PayloadId, &str)>, Failure> {
    let mut payloads = Vec::new();
    let mut rest = texts;
    while !rest.is_empty() {
        let first = first_of(rest);
        let (payload, others) = first.ok_or_else(|| Failure::Malformed(rest.to_owned()))?;
        payloads.push(payload);
        rest = others;
    }
    Ok(payloads)
}

/// The first payload of a row, and the others.
fn first_of(texts: &str) -> Option<((PayloadId, &str), &str)> {
    let (number, rest) = texts.split_once(' ')?;
    let (bytes, rest) = rest.split_once(' ')?;
    let (text, rest) = rest.split_at_checked(bytes.parse().ok()?)?;
    let number = PayloadId(number.parse().ok()?);
    Some(((number, text), rest.strip_prefix('\n')?))
}

/// Writes payloads. Those that are there stay as they are.
pub(crate) fn insert(
    db: &Connection,
    execution: i64,
    payloads: &[(PayloadId, Payload)],
) -> Result<(), Failure> {
    let mut statement = db.prepare_cached(
        "INSERT INTO payloads (execution, number, texts) VALUES (?1, ?2, ?3)
         ON CONFLICT (execution, number) DO NOTHING",
    )?;
    for row in rows(payloads) {
        statement.execute((execution, stored(row.first.0), row.texts))?;
    }
    Ok(())
}

/// One payload of an execution.
pub(crate) fn one(
    db: &Connection,
    key: &ExecutionKey,
    id: PayloadId,
) -> Result<Option<Payload>, Failure> {
    let texts: Option<String> = db
        .prepare_cached(
            "SELECT texts FROM payloads
             WHERE execution = (SELECT id FROM executions WHERE arn = ?1 AND nonce = ?2)
                 AND number <= ?3
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row((&key.arn, key.nonce.to_string(), stored(id.0)), |row| {
            row.get(0)
        })
        .optional()?;
    let texts = texts.unwrap_or_default();
    let found = read(&texts)?.into_iter().find(|(number, _)| *number == id);
    Ok(found.map(|(_, text)| Payload::stored(text.to_owned())))
}

/// The payloads of these ids, as far as they are there. Each row is read once.
pub(crate) fn select(
    db: &Connection,
    execution: i64,
    ids: impl IntoIterator<Item = PayloadId>,
) -> Result<Payloads, Failure> {
    let mut statement = db.prepare_cached(
        "SELECT number, texts FROM payloads WHERE execution = ?1 AND number <= ?2
         ORDER BY number DESC LIMIT 1",
    )?;
    let mut wanted: BTreeSet<PayloadId> = ids.into_iter().collect();
    let mut payloads = Payloads::default();
    // From the last one: a row has the ones before it, down to its own number.
    while let Some(last) = wanted.last() {
        let row: Option<(i64, String)> = statement
            .query_row((execution, stored(last.0)), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((first, texts)) = row else {
            break;
        };
        let in_row = wanted.split_off(&PayloadId(first.cast_unsigned()));
        for (id, text) in read(&texts)? {
            if in_row.contains(&id) {
                payloads.insert(id, Payload::stored(text.to_owned()));
            }
        }
    }
    Ok(payloads)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(number: u64, text: &str) -> (PayloadId, Payload) {
        (PayloadId(number), Payload::stored(text.to_owned()))
    }

    #[test]
    fn small_payloads_share_a_row_and_the_input_has_its_own() {
        let large = format!("\"{}\"", "x".repeat(ROW_BYTES_MAX));
        let payloads = [
            payload(0, r#"{"a":1}"#),
            payload(1, "1"),
            payload(3, "[\n  \"a\"\n]"),
            payload(4, &large),
            payload(5, "5"),
        ];
        let rows = rows(&payloads);
        let firsts: Vec<u64> = rows.iter().map(|row| row.first.0).collect();
        assert_eq!(firsts, [0, 1, 4, 5]);
        assert_eq!(rows[1].texts, "1 1 1\n3 9 [\n  \"a\"\n]\n");
        let back: Vec<(PayloadId, String)> = rows
            .iter()
            .flat_map(|row| read(&row.texts).unwrap())
            .map(|(id, text)| (id, text.to_owned()))
            .collect();
        let given = payloads.map(|(id, payload)| (id, payload.text().to_owned()));
        assert_eq!(back, given);
    }

    #[test]
    fn what_is_no_row_is_an_error() {
        for text in ["1", "1 2 x\n", "1 1 x", "x 1 1\n", "1 -1 1\n", "1 1 1\n\n"] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("schema.sql")).unwrap();
        insert(&db, 1, &[payload(0, "0"), payload(2, "2"), payload(5, "5")]).unwrap();
        insert(&db, 1, &[payload(0, "other")]).unwrap();
        let ids = [0, 1, 2, 3, 5, 9].map(PayloadId);
        let found = select(&db, 1, ids).unwrap();
        let texts = ids.map(|id| found.get(id).map(|payload| payload.text().to_owned()));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(texts, [text("0"), None, text("2"), None, text("5"), None]);
        assert!(select(&db, 2, ids).unwrap().get(PayloadId(0)).is_none());
    }
}
