//! What lies beside a log: how attempts with a token end, and when their holders were heard of.

use rusqlite::{Connection, OptionalExtension, Row};
use segno_asl::errors::StateError;
use segno_engine::store::{Created, Decision};
use segno_interpreter::{
    checkpoint::{AttemptId, FrameId},
    event::Timestamp,
    key::ExecutionKey,
    payload::Payload,
};

use crate::{
    executions::{self, stored},
    failure::Failure,
};

/// Puts down how an attempt ends, unless that is decided.
pub(crate) fn decide(
    db: &Connection,
    key: &ExecutionKey,
    attempt: AttemptId,
    decision: &Decision,
) -> Result<Created<Decision>, Failure> {
    let execution = executions::id_or_new(db, key)?;
    let first = db
        .prepare_cached(
            "SELECT attempt, frame, decision, output, error, cause FROM decisions
             WHERE execution = ?1 AND attempt = ?2",
        )?
        .query_row((execution, stored(attempt.number)), decided)
        .optional()?;
    if let Some((_, first)) = first {
        return Ok(Created::Existing(first));
    }
    let (word, output, error) = match decision {
        Decision::Answered(Ok(output)) => ("succeeded", Some(output.text()), None),
        Decision::Answered(Err(error)) => ("failed", None, Some(error)),
        Decision::Closed(None) => ("closed", None, None),
        Decision::Closed(Some(error)) => ("broken", None, Some(error)),
    };
    db.prepare_cached(
        "INSERT INTO decisions (execution, attempt, frame, decision, output, error, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute((
        execution,
        stored(attempt.number),
        stored(attempt.frame.0),
        word,
        output,
        error.and_then(|error| error.name.as_deref()),
        error.and_then(|error| error.cause.as_deref()),
    ))?;
    Ok(Created::New(decision.clone()))
}

/// What is decided about attempts, from this number on.
pub(crate) fn decisions(
    db: &Connection,
    key: &ExecutionKey,
    from: u64,
) -> Result<Vec<(AttemptId, Decision)>, Failure> {
    let decisions = db
        .prepare_cached(
            "SELECT attempt, frame, decision, output, error, cause
             FROM decisions
             WHERE execution = (SELECT id FROM executions WHERE arn = ?1 AND nonce = ?2)
                 AND attempt >= ?3 ORDER BY attempt",
        )?
        .query_map((&key.arn, key.nonce.to_string(), stored(from)), decided)?
        .collect::<Result<_, _>>()?;
    Ok(decisions)
}

fn decided(row: &Row<'_>) -> rusqlite::Result<(AttemptId, Decision)> {
    let attempt = AttemptId {
        number: row.get::<_, i64>("attempt")?.cast_unsigned(),
        frame: FrameId(row.get::<_, i64>("frame")?.cast_unsigned()),
    };
    let word: String = row.get("decision")?;
    let decision = match word.as_str() {
        "succeeded" => Decision::Answered(Ok(Payload::stored(row.get::<_, String>("output")?))),
        "failed" => Decision::Answered(Err(error(row)?)),
        "broken" => Decision::Closed(Some(error(row)?)),
        _ => Decision::Closed(None),
    };
    Ok((attempt, decision))
}

fn error(row: &Row<'_>) -> rusqlite::Result<StateError> {
    Ok(StateError {
        name: row.get("error")?,
        cause: row.get("cause")?,
    })
}

/// Puts down when the holder of a token was heard of. The latest time counts.
pub(crate) fn beat(
    db: &Connection,
    key: &ExecutionKey,
    attempt: AttemptId,
    at: Timestamp,
) -> Result<(), Failure> {
    let execution = executions::id_or_new(db, key)?;
    db.prepare_cached(
        "INSERT INTO beats (execution, attempt, frame, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
    )?
    .execute((
        execution,
        stored(attempt.number),
        stored(attempt.frame.0),
        at.0,
    ))?;
    Ok(())
}

/// When the holder of a token was last heard of.
pub(crate) fn last_beat(
    db: &Connection,
    key: &ExecutionKey,
    attempt: AttemptId,
) -> Result<Option<Timestamp>, Failure> {
    let at: Option<i64> = db
        .prepare_cached(
            "SELECT at FROM beats
             WHERE execution = (SELECT id FROM executions WHERE arn = ?1 AND nonce = ?2)
                 AND attempt = ?3 AND frame = ?4",
        )?
        .query_row(
            (
                &key.arn,
                key.nonce.to_string(),
                stored(attempt.number),
                stored(attempt.frame.0),
            ),
            |row| row.get(0),
        )
        .optional()?;
    Ok(at.map(Timestamp))
}
