//! What is opened, and what is refused and left as it is.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod given;

use std::{collections::BTreeMap, fs, path::Path};

use segno_engine::{Catalog, catalog::ContentHash};
use segno_local::{LocalStore, OpenError};

fn refusal(folder: &Path) -> OpenError {
    match LocalStore::open(folder) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

/// A folder with a store that is closed.
fn closed_store() -> std::path::PathBuf {
    let folder = given::folder();
    drop(LocalStore::open(&folder).unwrap());
    folder
}

/// Opening is refused, and not a byte has changed: no file is new, and none is gone.
fn refused_untouched(folder: &Path) -> OpenError {
    let before = databases(folder);
    let refused = refusal(folder);
    let (names, contents): (Vec<_>, Vec<_>) = databases(folder).into_iter().unzip();
    let (names_before, contents_before): (Vec<_>, Vec<_>) = before.into_iter().unzip();
    assert_eq!(names, names_before, "{refused}");
    assert!(contents == contents_before, "{refused}: bytes have changed");
    refused
}

/// The database in a folder, with its log: the files, and what is in them.
fn databases(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files
        .map(|file| (file.file_name().into_string().unwrap(), file.path()))
        // Says who has the folder.
        .filter(|(name, _)| name.starts_with("segno"))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

fn patch(folder: &Path, at: usize, bytes: &[u8]) {
    let file = folder.join("segno.db");
    let mut content = fs::read(&file).unwrap();
    content[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(file, content).unwrap();
}

#[tokio::test]
async fn what_was_stored_is_there_again() {
    let folder = given::folder();
    let hash = ContentHash::of(b"{}");
    let store = LocalStore::open(&folder).unwrap();
    store.put_content(&hash, b"{}").await.unwrap();
    drop(store);
    let store = LocalStore::open(&folder).unwrap();
    assert_eq!(store.content(&hash).await.unwrap().unwrap(), b"{}");
}

#[test]
fn a_folder_is_for_one_at_a_time() {
    let folder = given::folder();
    let store = LocalStore::open(&folder).unwrap();
    let refused = refusal(&folder);
    let id = std::process::id();
    assert!(
        refused.to_string().ends_with(&format!(
            "is in use by another process, {id}: stop that one, or take another folder"
        )),
        "{refused}"
    );
    drop(store);
    LocalStore::open(&folder).unwrap();
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    for content in [&b"not a database at all"[..], &[0; 4096], b""] {
        let folder = given::folder();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("segno.db"), content).unwrap();
        let refused = refused_untouched(&folder);
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    }
    let folder = closed_store();
    patch(&folder, 68, &[0; 4]);
    let refused = refused_untouched(&folder);
    assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
}

#[test]
fn a_newer_file_is_left_alone() {
    let folder = closed_store();
    patch(&folder, 60, &9_u32.to_be_bytes());
    let refused = refused_untouched(&folder);
    assert!(
        refused
            .to_string()
            .ends_with("it has version 9, and this release reads up to 1"),
        "{refused}"
    );
}

#[test]
fn a_damaged_file_is_left_alone() {
    let folder = closed_store();
    // The page that says which tables there are.
    patch(&folder, 100, &[0xff; 3_000]);
    let refused = refused_untouched(&folder);
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");

    let folder = closed_store();
    let file = folder.join("segno.db");
    let content = fs::read(&file).unwrap();
    fs::write(&file, &content[..5_000]).unwrap();
    let refused = refused_untouched(&folder);
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
}

/// What a killed process has left in the log is not brought into a file that is damaged.
#[tokio::test]
async fn the_log_of_a_damaged_file_is_left_alone() {
    let folder = given::folder();
    let store = LocalStore::open(&folder).unwrap();
    store
        .put_content(&ContentHash::of(b"{}"), b"{}")
        .await
        .unwrap();
    let killed = given::folder();
    fs::create_dir_all(&killed).unwrap();
    for file in ["segno.db", "segno.db-wal"] {
        fs::copy(folder.join(file), killed.join(file)).unwrap();
    }
    assert!(killed.join("segno.db-wal").metadata().unwrap().len() > 0);
    patch(&killed, 100, &[0xff; 3_000]);
    let refused = refused_untouched(&killed);
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
}

#[test]
fn the_log_of_a_database_that_is_gone_is_not_taken_for_that_of_a_new_one() {
    let folder = closed_store();
    fs::remove_file(folder.join("segno.db")).unwrap();
    fs::write(folder.join("segno.db-wal"), [7; 5_000]).unwrap();
    LocalStore::open(&folder).unwrap();
}

#[cfg(unix)]
#[test]
fn nobody_else_may_look_into_a_new_folder_and_no_repository_takes_it_in() {
    use std::os::unix::fs::PermissionsExt;

    let folder = closed_store();
    let mode = fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
    assert_eq!(
        fs::read_to_string(folder.join(".gitignore")).unwrap(),
        "*\n"
    );
}
