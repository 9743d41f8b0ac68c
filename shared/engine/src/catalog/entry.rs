//! Records with a type: how they are written, and how they are changed.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Catalog, CatalogError, Collection, Key, RECORD_BYTES_MAX, Unreadable};

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
    /// It is deleted.
    Delete,
}

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
    mut decide: impl FnMut(Option<T>) -> Result<(Change<T>, R), E>,
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
    expected: Option<super::Etag>,
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
