//! What is registered: records by name, contents by hash.

use rusqlite::{
    Connection, OptionalExtension, Row, ToSql,
    types::{ToSqlOutput, ValueRef},
};
use segno_engine::{
    Catalog,
    catalog::{CatalogError, Collection, ContentHash, Etag, Key, Record},
};

use crate::{LocalStore, executions, failure::Failure, writer::Durability};

impl Catalog for LocalStore {
    async fn record(&self, key: &Key) -> Result<Option<Record>, CatalogError> {
        Ok(self.readers.read(|db| find(db, key))?)
    }

    async fn put_record(
        &self,
        key: &Key,
        expected: Option<Etag>,
        body: &[u8],
    ) -> Result<Etag, CatalogError> {
        let (of, body) = (key.clone(), body.to_vec());
        let put = move |db: &Connection| put(db, &of, expected, &body);
        let etag = self.writer.write(Durability::Synced, put).await?;
        etag.ok_or_else(|| CatalogError::Conflict { key: key.clone() })
    }

    async fn delete_record(&self, key: &Key, expected: Etag) -> Result<(), CatalogError> {
        let of = key.clone();
        let delete = move |db: &Connection| delete(db, &of, expected);
        match self.writer.write(Durability::Synced, delete).await? {
            true => Ok(()),
            false => Err(CatalogError::Conflict { key: key.clone() }),
        }
    }

    async fn records(
        &self,
        collection: Collection,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Record)>, CatalogError> {
        let after = after.unwrap_or_default().to_owned();
        let scan = move |db: &Connection| list(db, collection, &after, limit);
        Ok(self.readers.scan(scan).await?)
    }

    /// Whatever refers to a content is written after it, and the fsync of that makes both durable.
    async fn put_content(&self, hash: &ContentHash, content: &[u8]) -> Result<(), CatalogError> {
        if self.readers.read(|db| has_content(db, hash))? {
            return Ok(());
        }
        let (hash, content) = (hash.clone(), content.to_vec());
        let put = move |db: &Connection| put_content(db, &hash, &content);
        Ok(self.writer.write(Durability::Written, put).await?)
    }

    async fn content(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, CatalogError> {
        Ok(self.readers.read(|db| content_of(db, hash))?)
    }
}

/// Bytes, stored as text where they are text, so that people can read them.
struct Readable<'a>(&'a [u8]);

impl ToSql for Readable<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match std::str::from_utf8(self.0) {
            Ok(_) => ValueRef::Text(self.0),
            Err(_) => ValueRef::Blob(self.0),
        }))
    }
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(row.get_ref(column)?.as_bytes()?.to_vec())
}

fn find(db: &Connection, key: &Key) -> Result<Option<Record>, Failure> {
    let record = db
        .prepare_cached("SELECT etag, body FROM records WHERE collection = ?1 AND name = ?2")?
        .query_row((key.collection.as_str(), &key.name), |row| record(row, 0))
        .optional()?;
    Ok(record)
}

fn record(row: &Row<'_>, column: usize) -> rusqlite::Result<Record> {
    Ok(Record {
        etag: Etag(row.get::<_, i64>(column)?.cast_unsigned()),
        body: bytes(row, column + 1)?,
    })
}

/// Gives the new etag; `None` if the record is not as expected.
fn put(
    db: &Connection,
    key: &Key,
    expected: Option<Etag>,
    body: &[u8],
) -> Result<Option<Etag>, Failure> {
    if find(db, key)?.map(|record| record.etag) != expected {
        return Ok(None);
    }
    let etag: i64 = db
        .prepare_cached("UPDATE etags SET last = last + 1 RETURNING last")?
        .query_row([], |row| row.get(0))?;
    db.prepare_cached(
        "INSERT OR REPLACE INTO records (collection, name, etag, body) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute((key.collection.as_str(), &key.name, etag, Readable(body)))?;
    Ok(Some(Etag(etag.cast_unsigned())))
}

/// Whether the record was as expected, and is gone.
fn delete(db: &Connection, key: &Key, expected: Etag) -> Result<bool, Failure> {
    let deleted = db
        .prepare_cached("DELETE FROM records WHERE collection = ?1 AND name = ?2 AND etag = ?3")?
        .execute((
            key.collection.as_str(),
            &key.name,
            executions::stored(expected.0),
        ))?;
    Ok(deleted > 0)
}

fn list(
    db: &Connection,
    collection: Collection,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, Record)>, Failure> {
    let records = db
        .prepare_cached(
            "SELECT name, etag, body FROM records WHERE collection = ?1 AND name > ?2
             ORDER BY name LIMIT ?3",
        )?
        .query_map(
            (collection.as_str(), after, executions::limit(limit)),
            |row| Ok((row.get(0)?, record(row, 1)?)),
        )?
        .collect::<Result<_, _>>()?;
    Ok(records)
}

fn put_content(db: &Connection, hash: &ContentHash, content: &[u8]) -> Result<(), Failure> {
    db.prepare_cached(
        "INSERT INTO contents (hash, content) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING",
    )?
    .execute((hash.as_str(), Readable(content)))?;
    Ok(())
}

fn has_content(db: &Connection, hash: &ContentHash) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM contents WHERE hash = ?1";
    Ok(db.prepare_cached(sql)?.exists([hash.as_str()])?)
}

fn content_of(db: &Connection, hash: &ContentHash) -> Result<Option<Vec<u8>>, Failure> {
    let content = db
        .prepare_cached("SELECT content FROM contents WHERE hash = ?1")?
        .query_row([hash.as_str()], |row| bytes(row, 0))
        .optional()?;
    Ok(content)
}
