//! The folder of a store: there for one process at a time.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{} is in use by another process{}: stop that one, or take another folder", .folder.display(), by(.holder))]
    InUse {
        /// The folder of the store.
        folder: PathBuf,
        /// The id of that process, if it is known.
        holder: Option<u32>,
    },
    /// It is not a store.
    #[error("{} is not a store of Segno, and was left as it is: move it away, or take another folder", .file.display())]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// A newer release wrote it.
    #[error(
        "{} was written by a newer Segno, and was left as it is: it has version {found}, and this \
         release reads up to {known}", .file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// It cannot be read as what it says it is.
    #[error("{} is damaged: move it away, or take another folder", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rusqlite::Error,
    },
    /// It can be read, and not written.
    #[error("{} cannot be written by this user", .file.display())]
    ReadOnly {
        /// The file.
        file: PathBuf,
    },
    /// The operating system refuses something.
    #[error("{} cannot be used as a store", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The operating system gives no thread.
    #[error("the thread that writes cannot be started")]
    NoThread(#[source] io::Error),
}

fn by(holder: &Option<u32>) -> String {
    holder.map_or_else(String::new, |id| format!(", {id}"))
}

/// The folder of a store, for as long as this process has it.
pub(crate) struct Folder {
    path: PathBuf,
    /// Locked: the lock goes with the process, however that ends.
    _lock: File,
}

impl Folder {
    /// Takes a folder for this process; creates it if it is not there.
    pub(crate) fn claim(path: &Path) -> Result<Self, OpenError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            |source| OpenError::Io { path, source }
        };
        create(path).map_err(at(path))?;
        let lock_path = path.join("lock");
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse {
                    folder: path.to_owned(),
                    holder: holder(&mut lock),
                });
            }
            Err(TryLockError::Error(source)) => return Err(at(&lock_path)(source)),
        }
        name_holder(&mut lock).map_err(at(&lock_path))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The database in it.
    pub(crate) fn file(&self) -> PathBuf {
        self.path.join("segno.db")
    }
}

/// Payloads are nobody else's business, and nothing for a repository.
fn create(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    fs::write(path.join(".gitignore"), "*\n")
}

fn name_holder(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    writeln!(lock, "{}", std::process::id())
}

fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
