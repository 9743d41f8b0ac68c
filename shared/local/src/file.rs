//! The database file: created whole, or recognised, or left alone.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, config::DbConfig, ffi};

use crate::folder::OpenError;

/// `Segn`: tells a store from any other database.
const APPLICATION_ID: u32 = u32::from_be_bytes(*b"Segn");

/// Version of the tables that this release writes.
const VERSION: u32 = 1;

/// How the tables are made.
const SCHEMA: &str = include_str!("schema.sql");

/// Prepared statements that each connection keeps.
const STATEMENTS: usize = 64;

/// Opens the database for writing; creates it if it is not there.
pub(crate) fn open(file: &Path) -> Result<Connection, OpenError> {
    match is_there(file)? {
        true => settle(&with_suffix(file, "-wal"))?,
        false => create(file)?,
    }
    let opened = connect_as_writer(file);
    if opened.is_err() {
        clear_away(file)?;
    }
    opened
}

fn connect_as_writer(file: &Path) -> Result<Connection, OpenError> {
    let connection = connect(file).map_err(|source| sorted(file, source))?;
    // What is damaged shows here, before anything is served or written.
    connection
        .query_row("SELECT last FROM etags", [], |row| row.get::<_, i64>(0))
        .map_err(|source| sorted(file, source))?;
    keep_log(&connection, false).map_err(|source| sorted(file, source))?;
    Ok(connection)
}

/// Removes what only looking at a database has left beside it.
fn clear_away(file: &Path) -> Result<(), OpenError> {
    remove(&with_suffix(file, "-shm"))?;
    let log = with_suffix(file, "-wal");
    match fs::metadata(&log) {
        Ok(metadata) if metadata.len() == 0 => remove(&log),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error(&log)(error)),
    }
}

/// A connection as every one is. When it is closed, the log is left as it is: a file that turns out to be
/// damaged is not written to, and whoever reads has no part in writing.
pub(crate) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    // First of all: whatever comes next may fail.
    keep_log(&connection, true)?;
    if connection.is_readonly(MAIN_DB)? {
        let read_only = ffi::Error::new(ffi::SQLITE_READONLY);
        return Err(rusqlite::Error::SqliteFailure(read_only, None));
    }
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What a plan depends on is in the statements: none is made anew for other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // The writer says when.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// Whether the write-ahead log stays when this connection is closed as the last one; otherwise it is
/// brought into the file.
pub(crate) fn keep_log(connection: &Connection, is_kept: bool) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_kept)
        .map(drop)
}

/// Makes durable what can be read of the log that a process has left behind. If an fsync of that process
/// failed, the operating system may show what never came to the disk, and take it for written.
fn settle(log: &Path) -> Result<(), OpenError> {
    let content = match fs::read(log) {
        Ok(content) if content.is_empty() => return Ok(()),
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(log)(error)),
    };
    // In place: whatever becomes of this, each byte is as it was.
    let written = File::options().write(true).open(log).and_then(|mut file| {
        file.write_all(&content)?;
        file.sync_all()
    });
    written.map_err(io_error(log))
}

/// Whether there is a store of a version that can be read. Looks at the first bytes only, so that what
/// is none of ours is not touched.
fn is_there(file: &Path) -> Result<bool, OpenError> {
    let header = match header(file) {
        Ok(header) => header,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io_error(file)(error)),
    };
    let Some(header) = header.filter(|header| header.starts_with(b"SQLite format 3\0")) else {
        return Err(foreign(file));
    };
    // https://www.sqlite.org/fileformat2.html#the_database_header
    if number(&header, 68) != APPLICATION_ID {
        return Err(foreign(file));
    }
    match number(&header, 60) {
        1..=VERSION => Ok(true),
        found => Err(OpenError::Newer {
            file: file.to_owned(),
            found,
            known: VERSION,
        }),
    }
}

fn header(file: &Path) -> io::Result<Option<[u8; 100]>> {
    let mut header = [0; 100];
    match File::open(file)?.read_exact(&mut header) {
        Ok(()) => Ok(Some(header)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn number(header: &[u8; 100], at: usize) -> u32 {
    u32::from_be_bytes(header[at..at + 4].try_into().expect("it has four bytes"))
}

/// Creates the database beside its place and moves it there: it is whole, or it is not there.
fn create(file: &Path) -> Result<(), OpenError> {
    let draft = file.with_extension("draft");
    for suffix in ["", "-journal", "-wal", "-shm"] {
        remove(&with_suffix(&draft, suffix))?;
    }
    // SQLite would take the log of a database that is gone for that of the new one.
    for suffix in ["-wal", "-shm"] {
        remove(&with_suffix(file, suffix))?;
    }
    fill(&draft).map_err(|source| sorted(&draft, source))?;
    let moved = File::open(&draft)
        .and_then(|draft| draft.sync_all())
        .and_then(|()| fs::rename(&draft, file))
        .and_then(|()| File::open(file.parent().expect("it is in a folder"))?.sync_all());
    moved.map_err(io_error(file))
}

fn remove(leftover: &Path) -> Result<(), OpenError> {
    match fs::remove_file(leftover) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(leftover)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn fill(draft: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(draft)?;
    connection.execute_batch(SCHEMA)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    // It is written into the file: whoever opens it has it so.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn foreign(file: &Path) -> OpenError {
    OpenError::Foreign {
        file: file.to_owned(),
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    |source| OpenError::Io { path, source }
}

fn sorted(file: &Path, source: rusqlite::Error) -> OpenError {
    let file = file.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::ReadOnly) => OpenError::ReadOnly { file },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
            OpenError::Damaged { file, source }
        }
        _ => OpenError::Io {
            path: file,
            source: io::Error::other(source),
        },
    }
}
