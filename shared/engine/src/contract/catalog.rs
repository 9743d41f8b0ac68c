//! The promises of [`Catalog`], one function each, named by it.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "these functions are tests"
)]

use crate::catalog::{Catalog, CatalogError, Collection, ContentHash, Etag, Key, RECORD_BYTES_MAX};

fn key(name: &str) -> Key {
    Key {
        collection: Collection::StateMachines,
        name: name.into(),
    }
}

async fn body(catalog: &impl Catalog, name: &str) -> Option<Vec<u8>> {
    let record = catalog.record(&key(name)).await.unwrap();
    record.map(|record| record.body)
}

#[track_caller]
fn assert_conflict<T: std::fmt::Debug>(result: Result<T, CatalogError>) {
    assert!(
        matches!(result, Err(CatalogError::Conflict { .. })),
        "{result:?}"
    );
}

/// What was never written is not there, and asking for it is no error.
pub async fn nothing_is_known_of_what_was_never_written(catalog: impl Catalog) {
    let nothing = ContentHash::of(b"nothing");
    assert_eq!(catalog.record(&key("one")).await.unwrap(), None);
    assert_eq!(catalog.content(&nothing).await.unwrap(), None);
    let listed = catalog
        .records(Collection::StateMachines, None, 10)
        .await
        .unwrap();
    assert_eq!(listed, []);
}

/// The body comes back byte for byte, with the etag that its write gave; also the largest.
pub async fn a_record_reads_back_as_it_was_written(catalog: impl Catalog) {
    let bytes: Vec<u8> = (0..=255).cycle().take(RECORD_BYTES_MAX).collect();
    let etag = catalog.put_record(&key("one"), None, &bytes).await.unwrap();

    let record = catalog.record(&key("one")).await.unwrap().unwrap();

    assert_eq!((record.etag, record.body), (etag, bytes));
}

/// The second to create a record gets a conflict, and leaves no trace.
pub async fn a_record_is_created_once(catalog: impl Catalog) {
    catalog
        .put_record(&key("one"), None, b"first")
        .await
        .unwrap();

    assert_conflict(catalog.put_record(&key("one"), None, b"second").await);

    assert_eq!(body(&catalog, "one").await.unwrap(), b"first");
}

/// Two changes raced from the same state: one wins, and the loser leaves no trace.
pub async fn a_stale_write_conflicts_and_writes_nothing(catalog: impl Catalog) {
    let read = catalog.put_record(&key("one"), None, b"1").await.unwrap();
    let newer = catalog
        .put_record(&key("one"), Some(read), b"2")
        .await
        .unwrap();

    assert_conflict(catalog.put_record(&key("one"), Some(read), b"3").await);
    assert_conflict(catalog.delete_record(&key("one"), read).await);

    let record = catalog.record(&key("one")).await.unwrap().unwrap();
    assert_eq!((record.etag, record.body), (newer, b"2".to_vec()));
}

/// A record that is gone is none to write over or to delete again; it may be created anew.
pub async fn a_deleted_record_is_gone(catalog: impl Catalog) {
    let etag = catalog.put_record(&key("one"), None, b"1").await.unwrap();
    catalog.delete_record(&key("one"), etag).await.unwrap();

    assert_eq!(body(&catalog, "one").await, None);
    assert_conflict(catalog.put_record(&key("one"), Some(etag), b"2").await);
    assert_conflict(catalog.delete_record(&key("one"), etag).await);
    catalog.put_record(&key("one"), None, b"3").await.unwrap();
    assert_eq!(body(&catalog, "one").await.unwrap(), b"3");
}

/// Whoever has read a record that was deleted and created anew has read another one.
pub async fn an_etag_never_comes_again(catalog: impl Catalog) {
    let mut seen: Vec<Etag> = Vec::new();
    for _ in 0..3 {
        let created = catalog
            .put_record(&key("one"), None, b"same")
            .await
            .unwrap();
        let changed = catalog
            .put_record(&key("one"), Some(created), b"same")
            .await
            .unwrap();
        catalog.delete_record(&key("one"), changed).await.unwrap();
        for etag in [created, changed] {
            assert!(!seen.contains(&etag), "{etag:?} came again");
            seen.push(etag);
        }
    }
}

/// Pages follow one another in the order of the names' bytes, whatever else there is; one that begins
/// after a name that is gone begins all the same.
pub async fn records_are_listed_by_name_in_pages(catalog: impl Catalog) {
    for name in ["b", "a:2", "ä", "B", "a", "a:10"] {
        catalog
            .put_record(&key(name), None, name.as_bytes())
            .await
            .unwrap();
    }
    let other = Key {
        collection: Collection::Activities,
        name: "a".into(),
    };
    catalog.put_record(&other, None, b"other").await.unwrap();
    let page = async |after: Option<&str>, limit| {
        let page = catalog
            .records(Collection::StateMachines, after, limit)
            .await
            .unwrap();
        let names: Vec<String> = page.iter().map(|(name, _)| name.clone()).collect();
        for (name, record) in page {
            assert_eq!(record.body, name.as_bytes());
        }
        names
    };

    assert_eq!(page(None, 2).await, ["B", "a"]);
    assert_eq!(page(Some("a"), 3).await, ["a:10", "a:2", "b"]);
    assert_eq!(page(Some("a:3"), 10).await, ["b", "ä"]);
    assert_eq!(page(Some("ä"), 10).await, [""; 0]);
}

/// A content of 1 MiB comes back byte for byte; storing it again is no error.
pub async fn a_content_reads_back_by_its_hash(catalog: impl Catalog) {
    for bytes in [0, 1, 1024 * 1024] {
        let content: Vec<u8> = (0..=255).cycle().take(bytes).collect();
        let hash = ContentHash::of(&content);
        catalog.put_content(&hash, &content).await.unwrap();
        catalog.put_content(&hash, &content).await.unwrap();

        assert!(
            catalog.content(&hash).await.unwrap() == Some(content),
            "{bytes} bytes"
        );
    }
}
