//! Objects in the bucket: what is too large for an item.
//!
//! An object is named by its content, so that writing it again changes nothing, whoever does it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_types::SdkConfig;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use segno_asl::errors::StateError;
use segno_integrations::{
    aws::{Clients, Limits, Reach},
    services::{Caller, Services},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    Usage,
    failure::{Failure, Unreadable},
    packing,
};

/// Bytes of a response that are read: more than any object has.
const RESPONSE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// How often a request is tried, and how long it is waited before the second time. Each wait is twice
/// the one before.
const ATTEMPTS_MAX: u32 = 6;
const PAUSE: Duration = Duration::from_millis(50);

/// Keys that S3 lists, and deletes, at a time.
const PAGE: usize = 1_000;

pub(crate) struct Objects {
    services: Services,
    bucket: String,
    usage: Option<Arc<Usage>>,
    /// Names of objects that were put here: to put one again would change nothing, and cost as much.
    put: Mutex<HashSet<String>>,
}

/// Names that are remembered.
const NAMES_MAX: usize = 10_000;

impl Objects {
    pub(crate) fn new(config: SdkConfig, bucket: String, usage: Option<Arc<Usage>>) -> Self {
        let limits = Limits {
            response_bytes_max: RESPONSE_BYTES_MAX,
        };
        Self {
            services: Services::new(Clients::new(config, Reach::Everywhere, limits)),
            bucket,
            usage,
            put: Mutex::default(),
        }
    }

    /// Stores a text under a name that no other text has.
    pub(crate) async fn put(&self, name: &str, text: &[u8]) -> Result<(), Failure> {
        if self.names().contains(name) {
            return Ok(());
        }
        // A body is JSON, so it is a string.
        let body = BASE64_STANDARD.encode(packing::pack(text));
        let parameters = json!({ "Bucket": self.bucket, "Key": name, "Body": body });
        self.call("putObject", parameters).await.map_err(failure)?;
        let mut names = self.names();
        if names.len() >= NAMES_MAX {
            names.clear();
        }
        names.insert(name.to_owned());
        Ok(())
    }

    fn names(&self) -> MutexGuard<'_, HashSet<String>> {
        self.put.lock().expect("nothing panics under the lock")
    }

    /// The text of this name.
    pub(crate) async fn get(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let parameters = json!({ "Bucket": self.bucket, "Key": name });
        let got = match self.call("getObject", parameters).await {
            Ok(got) => got,
            Err(error) if error.name.as_deref() == Some("S3.NoSuchKeyException") => {
                return Err(Unreadable::NoObject(name.to_owned()).into());
            }
            Err(error) => return Err(failure(error)),
        };
        let body = got["Body"].as_str().unwrap_or_default();
        let body: String = serde_json::from_str(body)?;
        let packed = BASE64_STANDARD
            .decode(body)
            .map_err(|_| Unreadable::Parts)?;
        Ok(packing::unpack(&packed)?)
    }

    /// Deletes all whose names begin so.
    pub(crate) async fn delete_all(&self, prefix: &str) -> Result<(), Failure> {
        self.names().retain(|name| !name.starts_with(prefix));
        loop {
            let (names, _) = self.list(prefix, None).await?;
            if names.is_empty() {
                return Ok(());
            }
            let keys: Vec<Value> = names.iter().map(|name| json!({ "Key": name })).collect();
            let delete = json!({ "Objects": keys, "Quiet": true });
            let parameters = json!({ "Bucket": self.bucket, "Delete": delete });
            let deleted = self.call("deleteObjects", parameters).await;
            let deleted = deleted.map_err(failure)?;
            if let Some([first, ..]) = deleted["Errors"].as_array().map(Vec::as_slice) {
                return Err(Failure::Bucket(first.to_string()));
            }
        }
    }

    /// Writes all anew whose names begin so: the bucket counts their age from then on.
    pub(crate) async fn touch_all(&self, prefix: &str) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let (names, is_last) = self.list(prefix, after.as_deref()).await?;
            for name in &names {
                let parameters = json!({
                    "Bucket": self.bucket,
                    "Key": name,
                    "CopySource": format!("{}/{name}", self.bucket),
                    // A copy onto itself must change something.
                    "MetadataDirective": "REPLACE",
                });
                self.call("copyObject", parameters).await.map_err(failure)?;
            }
            after = names.into_iter().next_back();
            if is_last || after.is_none() {
                return Ok(());
            }
        }
    }

    /// A page of names that begin so, and whether it is the last one.
    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<(Vec<String>, bool), Failure> {
        let mut parameters = json!({ "Bucket": self.bucket, "Prefix": prefix, "MaxKeys": PAGE });
        if let Some(after) = after {
            parameters["StartAfter"] = after.into();
        }
        let listed = self
            .call("listObjectsV2", parameters)
            .await
            .map_err(failure)?;
        let objects = listed["Contents"].as_array().into_iter().flatten();
        let names = objects.filter_map(|object| object["Key"].as_str().map(str::to_owned));
        Ok((names.collect(), listed["IsTruncated"] != true))
    }

    async fn call(&self, action: &'static str, parameters: Value) -> Result<Value, StateError> {
        let caller = Caller::default();
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS_MAX {
            match self.once(action, parameters.clone(), caller).await {
                Err(error) if is_transient(&error) => {
                    tracing::debug!(action, ?error, "the bucket is asked again");
                    sleep(pause).await;
                    pause *= 2;
                }
                answer => return answer,
            }
        }
        self.once(action, parameters, caller).await
    }

    async fn once(
        &self,
        action: &'static str,
        parameters: Value,
        caller: Caller<'_>,
    ) -> Result<Value, StateError> {
        if let Some(usage) = &self.usage {
            usage.request("S3", action);
        }
        self.services
            .result("aws-sdk:s3", action, parameters, caller)
            .await
    }
}

/// Whether the same request may well be answered the next time: unlike one that is refused.
fn is_transient(error: &StateError) -> bool {
    let name = error.name.as_deref().unwrap_or_default();
    let cause = error.cause.as_deref().unwrap_or_default();
    name == "S3.SdkClientException"
        || ["Status Code: 429", "Status Code: 5"]
            .iter()
            .any(|status| cause.contains(status))
}

fn failure(error: StateError) -> Failure {
    let name = error.name.unwrap_or_default();
    Failure::Bucket(format!("{name}: {}", error.cause.unwrap_or_default()))
}
