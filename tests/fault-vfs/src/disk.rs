//! What is on the disk, folder by folder.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, MutexGuard},
};

/// What is wrong with the disk of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing more can be written.
    Full,
    /// Writing fails.
    WriteFails,
    /// An fsync fails. What was written before it never comes to the disk, can be read all the same as
    /// long as the machine is up, and no later fsync knows of it: so Linux does.
    SyncFails,
    /// Databases can be opened for reading alone.
    ReadOnly,
}

/// What becomes of a write that was not synced when the power is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was still in memory.
    Lost,
    /// It had reached the disk.
    Kept,
    /// Half of its sectors had.
    Torn,
}

/// Bytes that a disk writes whole, or not at all.
const SECTOR: usize = 512;

static FOLDERS: LazyLock<Mutex<HashMap<PathBuf, Folder>>> = LazyLock::new(Mutex::default);

/// All folders. Whoever holds this is the only one who writes anywhere.
pub(crate) fn folders() -> MutexGuard<'static, HashMap<PathBuf, Folder>> {
    FOLDERS.lock().expect("nothing panics under the lock")
}

/// The databases of a folder.
#[derive(Default)]
pub(crate) struct Folder {
    pub(crate) files: BTreeMap<String, Content>,
    pub(crate) syncs: u64,
    pub(crate) fault: Option<Fault>,
}

/// What is in a file.
#[derive(Default)]
pub(crate) struct Content {
    durable: Vec<u8>,
    /// What was written since the last fsync, in order.
    pending: Vec<Written>,
}

pub(crate) enum Written {
    Bytes { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Content {
    /// A file whose content was there before.
    pub(crate) fn durable(durable: Vec<u8>) -> Self {
        Self {
            durable,
            pending: Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, written: Written) {
        self.pending.push(written);
    }

    pub(crate) fn sync(&mut self) {
        for written in self.pending.drain(..) {
            apply(&mut self.durable, &written, Fate::Kept);
        }
    }

    /// An fsync has failed.
    pub(crate) fn forget(&mut self) {
        self.pending.clear();
    }

    fn after_power_cut(&self, fate: &mut dyn FnMut() -> Fate) -> Vec<u8> {
        let mut content = self.durable.clone();
        for written in &self.pending {
            apply(&mut content, written, fate());
        }
        content
    }
}

fn apply(content: &mut Vec<u8>, written: &Written, fate: Fate) {
    match (written, fate) {
        (_, Fate::Lost) => {}
        (Written::Length(length), _) => content.resize(*length, 0),
        (Written::Bytes { offset, bytes }, _) => {
            let length = match fate {
                Fate::Torn => bytes.len() / 2 / SECTOR * SECTOR,
                Fate::Kept | Fate::Lost => bytes.len(),
            };
            let end = offset + length;
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*offset..end].copy_from_slice(&bytes[..length]);
        }
    }
}

/// How often a file in this folder was synced.
pub fn syncs(folder: &Path) -> u64 {
    folders().get(folder).map_or(0, |folder| folder.syncs)
}

/// Lets the disk of a folder fail from now on; `None` lets it work again.
pub fn fail(folder: &Path, fault: Option<Fault>) {
    folders().entry(folder.to_owned()).or_default().fault = fault;
}

/// Forgets what was in a folder: nobody will ask.
pub fn forget(folder: &Path) {
    folders().remove(folder);
}

/// Writes to the folder `to` what of the databases in `folder` were there after a power cut at this
/// moment: all that was synced, and of the rest what `fate` says, write by write.
///
/// # Errors
///
/// The copy cannot be written.
pub fn power_cut(folder: &Path, to: &Path, fate: &mut dyn FnMut() -> Fate) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let folders = folders();
    let files = folders
        .get(folder)
        .into_iter()
        .flat_map(|folder| &folder.files);
    for (name, content) in files {
        fs::write(to.join(name), content.after_power_cut(fate))?;
    }
    Ok(())
}
