//! Whether files have changed since they were looked at.
//!
//! Files and folders are looked at again and again, a few times a second. That works on every file
//! system, mounted into a container or over a network, with no limit on how many are watched; and
//! however an editor writes: in place, or beside it and then renamed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// How often files are looked at.
const PAUSE: Duration = Duration::from_millis(200);

/// Where there are so many that a look takes long, it pauses for this many times as long: watching costs
/// at most a hundredth of a processor.
const PAUSE_FACTOR: u32 = 100;

/// Files and folders as they were at one time.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Seen(BTreeMap<PathBuf, Option<Stamp>>);

/// What changes whenever a file is written, and a folder whenever something in it comes or goes.
#[derive(Debug, Clone, PartialEq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Seen {
    /// Looks at a file or folder, which need not be there.
    pub(super) fn note(&mut self, path: &Path) {
        self.0.insert(path.to_owned(), stamp(path));
    }

    /// The same files and folders, as they are now.
    fn again(&self) -> Self {
        let paths = self.0.keys();
        Self(paths.map(|path| (path.clone(), stamp(path))).collect())
    }

    /// Waits until something has changed, and then until nothing changes any more.
    pub(super) async fn change(&self) {
        let mut before = self.clone();
        let mut pause = PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            let begun = Instant::now();
            let now = before.again();
            pause = PAUSE.max(begun.elapsed() * PAUSE_FACTOR);
            if now == before && now != *self {
                return;
            }
            before = now;
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some(Stamp {
        modified: found.modified().ok(),
        // The size of a folder says nothing.
        bytes: if found.is_file() { found.len() } else { 0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_is_seen() {
        let folder = std::env::temp_dir().join(format!("segno-watch-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, beside) = (folder.join("a.json"), folder.join("a.json~"));
        fs::write(&file, "1").unwrap();
        let ways: [(&str, &dyn Fn()); 4] = [
            ("in place", &|| fs::write(&file, "22").unwrap()),
            ("renamed over", &|| {
                fs::write(&beside, "333").unwrap();
                fs::rename(&beside, &file).unwrap();
            }),
            ("removed", &|| fs::remove_file(&file).unwrap()),
            ("created", &|| fs::write(&file, "1").unwrap()),
        ];
        for (way, write) in ways {
            let mut seen = Seen::default();
            seen.note(&file);
            assert_eq!(seen.again(), seen, "{way}");
            write();
            assert_ne!(seen.again(), seen, "{way}");
        }
        let mut seen = Seen::default();
        seen.note(&folder);
        // A folder's time has the grain of the file system's clock.
        std::thread::sleep(Duration::from_millis(20));
        fs::write(folder.join("new.json"), "1").unwrap();
        assert_ne!(seen.again(), seen, "a new file in a folder");
        fs::remove_dir_all(folder).unwrap();
    }
}
