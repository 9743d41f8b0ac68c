//! Records with a type: how they are written, and how they are changed.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Catalog, CatalogError, Collection, ContentHash, Etag, Key, RECORD_BYTES_MAX, Unreadable,
};

/// A type that is persisted as a record: JSON with the version of its form.
pub trait Entry: Serialize + DeserializeOwned + Send {
    /// The records of this type.
    const COLLECTION: Collection;

    /// The version of the persisted form that this release writes.
    const VERSION: u32;

    /// The persisted form.
    fn encode(&self) -> Vec<u8> {
        let versioned = Versioned {
            version: Self::VERSION,
            entry: self,
        };
        serde_json::to_vec(&versioned).expect("a record has string keys only")
    }

    /// Reads a persisted form.
    ///
    /// # Errors
    ///
    /// [`Unreadable`].
    fn decode(body: &[u8]) -> Result<Self, Unreadable> {
        let Form { version } = serde_json::from_slice(body)?;
        if version > Self::VERSION {
            let known = Self::VERSION;
            return Err(Unreadable::Version {
                found: version,
                known,
            });
        }
        Ok(serde_json::from_slice(body)?)
    }
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    version: u32,
    #[serde(flatten)]
    entry: &'a T,
}

#[derive(Deserialize)]
struct Form {
    version: u32,
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Change<T> {
    /// It stays as it is.
    Keep,
    /// It is written.
    Put(T),
    /// It is written, and refers to this content, which is stored before it.
    PutWith(T, Vec<u8>),
    /// It is deleted.
    Delete,
}

/// What becomes of a record, and what is answered; or why it stays as it is.
pub type Decided<T, R, E> = Result<(Change<T>, R), E>;

/// The record of this name, if there is one.
///
/// # Errors
///
/// [`CatalogError`].
pub async fn read<T: Entry>(catalog: &impl Catalog, name: &str) -> Result<Option<T>, CatalogError> {
    let record = catalog.record(&key::<T>(name)).await?;
    record.map(|record| decode(name, &record.body)).transpose()
}

/// Changes a record: `decide` gets it as it is, and says what becomes of it and what is answered.
/// If somebody else changed it meanwhile, `decide` is asked again.
///
/// # Errors
///
/// What `decide` refuses, and [`CatalogError`].
pub async fn change<T: Entry, R, E: From<CatalogError>>(
    catalog: &impl Catalog,
    name: &str,
    mut decide: impl FnMut(Option<T>) -> Decided<T, R, E>,
) -> Result<R, E> {
    let key = key::<T>(name);
    loop {
        let record = catalog.record(&key).await?;
        let etag = record.as_ref().map(|record| record.etag);
        let entry = record
            .map(|record| decode(name, &record.body))
            .transpose()?;
        let (change, answer) = decide(entry)?;
        let written = match (change, etag) {
            (Change::Keep, _) | (Change::Delete, None) => Ok(()),
            (Change::Put(entry), etag) => put(catalog, &key, etag, &entry).await,
            (Change::PutWith(entry, content), etag) => {
                let hash = ContentHash::of(&content);
                catalog.put_content(&hash, &content).await?;
                put(catalog, &key, etag, &entry).await
            }
            (Change::Delete, Some(etag)) => catalog.delete_record(&key, etag).await,
        };
        match written {
            Err(CatalogError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(answer),
        }
    }
}

/// The records whose names come after `after`, at most `limit`, by name.
///
/// # Errors
///
/// [`CatalogError`].
pub async fn page<T: Entry>(
    catalog: &impl Catalog,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, T)>, CatalogError> {
    let records = catalog.records(T::COLLECTION, after, limit).await?;
    records
        .into_iter()
        .map(|(name, record)| {
            let entry = decode(&name, &record.body)?;
            Ok((name, entry))
        })
        .collect()
}

async fn put<T: Entry>(
    catalog: &impl Catalog,
    key: &Key,
    expected: Option<Etag>,
    entry: &T,
) -> Result<(), CatalogError> {
    let body = entry.encode();
    if body.len() > RECORD_BYTES_MAX {
        return Err(CatalogError::TooLarge {
            key: key.clone(),
            bytes: body.len(),
        });
    }
    catalog.put_record(key, expected, &body).await?;
    Ok(())
}

fn key<T: Entry>(name: &str) -> Key {
    Key {
        collection: T::COLLECTION,
        name: name.to_owned(),
    }
}

fn decode<T: Entry>(name: &str, body: &[u8]) -> Result<T, CatalogError> {
    T::decode(body).map_err(|source| CatalogError::Unreadable {
        name: name.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use segno_interpreter::event::Timestamp;

    use super::*;
    use crate::{
        catalog::{ActivityRecord, Encryption},
        memory::MemoryStore,
    };

    fn activity(tags: usize) -> ActivityRecord {
        ActivityRecord {
            name: "a".into(),
            created_at: Timestamp(0),
            encryption: Encryption::AwsOwnedKey,
            tags: (0..tags)
                .map(|tag| (tag.to_string(), String::new()))
                .collect(),
        }
    }

    async fn tags(catalog: &MemoryStore) -> usize {
        let record: Option<ActivityRecord> = read(catalog, "a").await.unwrap();
        record.unwrap().tags.len()
    }

    /// Somebody else writes between reading and writing: the change is made to what they wrote.
    #[tokio::test]
    async fn a_change_that_comes_too_late_is_made_again() {
        let catalog = MemoryStore::default();
        let mut asked = 0;
        let add_one = |record: Option<ActivityRecord>| {
            asked += 1;
            let tags = record.map_or(0, |record| record.tags.len());
            if asked == 1 {
                let (key, body) = (key::<ActivityRecord>("a"), activity(7).encode());
                now(catalog.put_record(&key, None, &body)).unwrap();
            }
            Ok::<_, CatalogError>((Change::Put(activity(tags + 1)), tags + 1))
        };
        assert_eq!(change(&catalog, "a", add_one).await.unwrap(), 8);
        assert_eq!((asked, tags(&catalog).await), (2, 8));
    }

    /// The memory catalog answers at once.
    fn now<T>(future: impl Future<Output = T>) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => panic!("it waits"),
        }
    }

    #[tokio::test]
    async fn a_record_that_outgrows_an_item_is_refused() {
        let catalog = MemoryStore::default();
        let mut large = activity(1);
        large
            .tags
            .insert("large".into(), "x".repeat(RECORD_BYTES_MAX));
        let refused = change(&catalog, "a", |_| {
            Ok::<_, CatalogError>((Change::Put(large.clone()), ()))
        });
        let refused = refused.await.unwrap_err();
        assert!(
            matches!(refused, CatalogError::TooLarge { .. }),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn a_content_is_there_before_what_refers_to_it() {
        let catalog = MemoryStore::default();
        let put = |_| Ok::<_, CatalogError>((Change::PutWith(activity(0), b"text".to_vec()), ()));
        change(&catalog, "a", put).await.unwrap();
        let content = catalog.content(&ContentHash::of(b"text")).await.unwrap();
        assert_eq!(content.unwrap(), b"text");
    }
}
