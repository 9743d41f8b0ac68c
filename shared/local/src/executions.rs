//! Head rows: what Describe and List show of executions.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use segno_asl::errors::StateError;
use segno_engine::store::{Created, End, EndStatus, Head, HeadCursor, Shown};
use segno_interpreter::{
    event::Timestamp,
    key::{ExecutionKey, Nonce},
    payload::{Payload, PayloadId},
};
use serde_json::Value;

use crate::{failure::Failure, payloads};

/// A number of the engine's as SQLite has numbers, and back: bit by bit.
pub(crate) fn stored(number: u64) -> i64 {
    number.cast_signed()
}

/// The row of an execution, if there is one, with or without a head row.
pub(crate) fn id(db: &Connection, key: &ExecutionKey) -> Result<Option<i64>, Failure> {
    let id = db
        .prepare_cached("SELECT id FROM executions WHERE arn = ?1 AND nonce = ?2")?
        .query_row((&key.arn, key.nonce.to_string()), |row| row.get(0))
        .optional()?;
    Ok(id)
}

/// The row of an execution; a new one without a head row if there is none.
pub(crate) fn id_or_new(db: &Connection, key: &ExecutionKey) -> Result<i64, Failure> {
    if let Some(id) = id(db, key)? {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO executions (arn, nonce) VALUES (?1, ?2)")?
        .execute((&key.arn, key.nonce.to_string()))?;
    Ok(db.last_insert_rowid())
}

/// Creates a head row and stores the input, unless there is one of that ARN.
pub(crate) fn create(
    db: &Connection,
    head: &Head,
    input: &Payload,
) -> Result<Created<Head>, Failure> {
    if let Some(existing) = find(db, &head.key.arn)? {
        return Ok(match existing.key == head.key {
            true => Created::New(existing),
            false => Created::Existing(existing),
        });
    }
    let id = insert(db, head)?;
    payloads::insert(db, id, &[(PayloadId(0), input.clone())])?;
    Ok(Created::New(head.clone()))
}

fn insert(db: &Connection, head: &Head) -> Result<i64, Failure> {
    let parent = head
        .parent
        .as_ref()
        .map(serde_json::to_string)
        .transpose()?;
    // There may be a log already: the execution was stopped before it was started.
    let id = db
        .prepare_cached(
            "INSERT INTO executions (arn, nonce, name, status, started_at, machine_arn, version_arn,
                 alias_arn, machine, trace_header, parent)
             VALUES (:arn, :nonce, :name, 'RUNNING', :started_at, :machine_arn, :version_arn,
                 :alias_arn, :machine, :trace_header, :parent)
             ON CONFLICT (arn, nonce) DO UPDATE SET name = excluded.name, status = excluded.status,
                 started_at = excluded.started_at, machine_arn = excluded.machine_arn,
                 version_arn = excluded.version_arn, alias_arn = excluded.alias_arn,
                 machine = excluded.machine, trace_header = excluded.trace_header,
                 parent = excluded.parent
             RETURNING id",
        )?
        .query_row(
            named_params! {
                ":arn": head.key.arn,
                ":nonce": head.key.nonce.to_string(),
                ":name": head.name,
                ":started_at": head.started_at.0,
                ":machine_arn": head.machine.arn,
                ":version_arn": head.machine.version_arn,
                ":alias_arn": head.machine.alias_arn,
                ":machine": serde_json::to_string(&head.machine)?,
                ":trace_header": head.trace_header,
                ":parent": parent,
            },
            |row| row.get(0),
        )?;
    Ok(id)
}

/// Writes what a head row shows, if there is one, and unless it shows what a later commit said.
pub(crate) fn show(db: &Connection, key: &ExecutionKey, shown: &Shown) -> Result<(), Failure> {
    let end = shown.end.as_ref();
    let error = end.and_then(|end| end.error.as_ref());
    db.prepare_cached(
        "UPDATE executions SET shown_commit = :commit, status = :status, ended_at = :ended_at,
             output = :output, error = :error, cause = :cause, redrives = :redrives,
             redriven_at = :redriven_at, is_redrivable = :is_redrivable
         WHERE arn = :arn AND nonce = :nonce AND name IS NOT NULL AND shown_commit < :commit",
    )?
    .execute(named_params! {
        ":arn": key.arn,
        ":nonce": key.nonce.to_string(),
        ":commit": stored(shown.commit),
        ":status": end.map_or("RUNNING", |end| end.status.name()),
        ":ended_at": end.map(|end| end.at.0),
        ":output": end.and_then(|end| end.output).map(|output| stored(output.0)),
        ":error": error.and_then(|error| error.name.as_deref()),
        ":cause": error.and_then(|error| error.cause.as_deref()),
        ":redrives": shown.redrives,
        ":redriven_at": shown.redriven_at.map(|at| at.0),
        ":is_redrivable": shown.is_redrivable,
    })?;
    Ok(())
}

/// The columns that a head row is read from, in the order in which [`read`] has them.
macro_rules! head_columns {
    () => {
        "arn, nonce, name, machine, trace_header, started_at, parent, shown_commit, status, ended_at,
         output, error, cause, redrives, redriven_at, is_redrivable"
    };
}

/// The head row of an ARN.
pub(crate) fn find(db: &Connection, arn: &str) -> Result<Option<Head>, Failure> {
    let sql = concat!(
        "SELECT ",
        head_columns!(),
        " FROM executions WHERE arn = ?1 AND name IS NOT NULL"
    );
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([arn])?;
    rows.next()?.map(read).transpose()
}

/// Which head rows to list: [`HeadQuery`](segno_engine::store::HeadQuery), to be taken along.
pub(crate) struct List {
    pub(crate) machine: String,
    pub(crate) status: Option<String>,
    pub(crate) after: Option<HeadCursor>,
    pub(crate) limit: usize,
}

/// A page of head rows, newest first.
pub(crate) fn list(db: &Connection, list: &List) -> Result<Vec<Head>, Failure> {
    let sql = concat!(
        "SELECT ",
        head_columns!(),
        " FROM executions
          WHERE name IS NOT NULL AND machine_arn = :unqualified
              AND :machine IN (machine_arn, version_arn, alias_arn)
              AND (:status IS NULL OR status = :status)
              AND started_at <= :started_at AND (started_at < :started_at OR arn > :arn)
          ORDER BY started_at DESC, arn LIMIT :limit"
    );
    // A version or an alias is an eighth part.
    let unqualified: Vec<&str> = list.machine.splitn(8, ':').take(7).collect();
    let after = list.after.as_ref();
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(named_params! {
        ":unqualified": unqualified.join(":"),
        ":machine": list.machine,
        ":status": list.status,
        ":started_at": after.map_or(i64::MAX, |after| after.started_at.0),
        ":arn": after.map_or("", |after| after.arn.as_str()),
        ":limit": limit(list.limit),
    })?;
    let mut heads = Vec::new();
    while let Some(row) = rows.next()? {
        heads.push(read(row)?);
    }
    Ok(heads)
}

/// Executions that are open, by ARN.
pub(crate) fn open(
    db: &Connection,
    after: Option<&str>,
    at_most: usize,
) -> Result<Vec<ExecutionKey>, Failure> {
    let mut statement = db.prepare_cached(
        "SELECT arn, nonce FROM executions
         WHERE name IS NOT NULL AND ended_at IS NULL AND arn > ?1 ORDER BY arn LIMIT ?2",
    )?;
    let mut rows = statement.query((after.unwrap_or_default(), limit(at_most)))?;
    let mut open = Vec::new();
    while let Some(row) = rows.next()? {
        open.push(key(row)?);
    }
    Ok(open)
}

/// Deletes executions that ended before this time, with all that belongs to them.
pub(crate) fn expire(
    db: &Connection,
    ended_before: Timestamp,
    at_most: usize,
) -> Result<usize, Failure> {
    let expired: Vec<i64> = db
        .prepare_cached(
            "SELECT id FROM executions WHERE ended_at IS NOT NULL AND ended_at < ?1
             ORDER BY ended_at LIMIT ?2",
        )?
        .query_map((ended_before.0, limit(at_most)), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &expired {
        for sql in [
            "DELETE FROM payloads WHERE execution = ?1",
            "DELETE FROM commits WHERE execution = ?1",
            "DELETE FROM decisions WHERE execution = ?1",
            "DELETE FROM beats WHERE execution = ?1",
            "DELETE FROM executions WHERE id = ?1",
        ] {
            db.prepare_cached(sql)?.execute([id])?;
        }
    }
    Ok(expired.len())
}

pub(crate) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn key(row: &Row<'_>) -> Result<ExecutionKey, Failure> {
    let nonce: String = row.get(1)?;
    // What is no nonce is read as JSON would be: it is damaged.
    let nonce: Nonce = serde_json::from_value(Value::String(nonce))?;
    Ok(ExecutionKey {
        arn: row.get(0)?,
        nonce,
    })
}

fn read(row: &Row<'_>) -> Result<Head, Failure> {
    let parent: Option<String> = row.get(6)?;
    Ok(Head {
        key: key(row)?,
        name: row.get(2)?,
        machine: serde_json::from_str(&row.get::<_, String>(3)?)?,
        trace_header: row.get(4)?,
        started_at: Timestamp(row.get(5)?),
        parent: parent.as_deref().map(serde_json::from_str).transpose()?,
        shown: Shown {
            commit: row.get::<_, i64>(7)?.cast_unsigned(),
            end: end(row)?,
            redrives: row.get(13)?,
            redriven_at: row.get::<_, Option<i64>>(14)?.map(Timestamp),
            is_redrivable: row.get(15)?,
        },
    })
}

fn end(row: &Row<'_>) -> Result<Option<End>, Failure> {
    let Some(status) = EndStatus::parse(&row.get::<_, String>(8)?) else {
        return Ok(None);
    };
    let output: Option<i64> = row.get(10)?;
    let error = match status {
        EndStatus::Failed | EndStatus::Aborted => Some(StateError {
            name: row.get(11)?,
            cause: row.get(12)?,
        }),
        EndStatus::Succeeded | EndStatus::TimedOut => None,
    };
    Ok(Some(End {
        status,
        at: Timestamp(row.get(9)?),
        output: output.map(|id| PayloadId(id.cast_unsigned())),
        error,
    }))
}
