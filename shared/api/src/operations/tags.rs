//! Tags of state machines and activities.
//!
//! AWS: [Tagging](https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#concepts-tagging).

use segno_engine::{
    Backend, Clock, Invoker,
    catalog::{self, ActivityRecord, Change, Decided, Entry, StateMachineRecord, Tags},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Api, ApiError, names::kind_of};

/// Tags of a resource.
///
/// AWS: [Quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
const TAGS_MAX: usize = 50;

/// What keys of AWS's own tags begin with.
const RESERVED_PREFIX: &str = "aws:";

#[derive(Deserialize)]
pub(crate) struct Tag {
    key: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfResource {
    resource_arn: String,
}

impl<S: Backend, I: Invoker, C: Clock> Api<S, I, C> {
    pub(crate) async fn tag_resource(&self, request: TagResource) -> Result<Value, ApiError> {
        let arn = &request.resource_arn;
        let added = read(arn, request.tags)?;
        self.change_tags(arn, |tags| {
            tags.extend(added.clone());
            check_count(arn, tags)
        })
        .await
    }

    pub(crate) async fn untag_resource(&self, request: UntagResource) -> Result<Value, ApiError> {
        self.change_tags(&request.resource_arn, |tags| {
            tags.retain(|key, _| !request.tag_keys.contains(key));
            Ok(())
        })
        .await
    }

    pub(crate) async fn list_tags(&self, request: OfResource) -> Result<Value, ApiError> {
        let arn = &request.resource_arn;
        let catalog = self.engine.store();
        let tags = match kind_of(arn)? {
            "stateMachine" => self
                .engine
                .state_machine(arn)
                .await?
                .map(|record| record.tags),
            "activity" => {
                let record: Option<ActivityRecord> = catalog::read(catalog, arn).await?;
                record.map(|record| record.tags)
            }
            _ => None,
        };
        let tags = tags.ok_or_else(|| ApiError::resource_not_found(arn))?;
        let item = |(key, value)| json!({ "key": key, "value": value });
        let items: Vec<Value> = tags.into_iter().map(item).collect();
        Ok(json!({ "tags": items }))
    }

    async fn change_tags(
        &self,
        arn: &str,
        change: impl Fn(&mut Tags) -> Result<(), ApiError>,
    ) -> Result<Value, ApiError> {
        let catalog = self.engine.store();
        match kind_of(arn)? {
            "stateMachine" => {
                // One that was being deleted may be gone by now.
                self.engine.state_machine(arn).await?;
                let decide = |record| retag::<StateMachineRecord>(arn, record, &change);
                catalog::change(catalog, arn, decide).await?;
            }
            "activity" => {
                let decide = |record| retag::<ActivityRecord>(arn, record, &change);
                catalog::change(catalog, arn, decide).await?;
            }
            _ => return Err(ApiError::resource_not_found(arn)),
        }
        Ok(json!({}))
    }
}

/// A record with tags.
trait Tagged: Entry {
    fn tags(&mut self) -> &mut Tags;
}

impl Tagged for StateMachineRecord {
    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

impl Tagged for ActivityRecord {
    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

fn retag<T: Tagged>(
    arn: &str,
    record: Option<T>,
    change: impl Fn(&mut Tags) -> Result<(), ApiError>,
) -> Decided<T, (), ApiError> {
    let mut record = record.ok_or_else(|| ApiError::resource_not_found(arn))?;
    change(record.tags())?;
    Ok((Change::Put(record), ()))
}

/// Reads the tags of a request. Of two with the same key the last one counts.
pub(super) fn read(arn: &str, tags: Vec<Tag>) -> Result<Tags, ApiError> {
    let mut read = Tags::new();
    for tag in tags {
        let key = tag
            .key
            .ok_or_else(|| ApiError::validation("A tag must have a key"))?;
        let value = tag.value.unwrap_or_default();
        let prefix = key.get(..RESERVED_PREFIX.len()).unwrap_or_default();
        if prefix.eq_ignore_ascii_case(RESERVED_PREFIX) {
            return Err(ApiError::validation(format!(
                "The key of a tag must not begin with '{RESERVED_PREFIX}': '{key}'"
            )));
        }
        if let Some(character) = key.chars().chain(value.chars()).find(|c| !is_allowed(*c)) {
            return Err(ApiError::validation(format!(
                "A tag must not contain '{}': '{key}'",
                character.escape_default()
            )));
        }
        read.insert(key, value);
    }
    check_count(arn, &read)?;
    Ok(read)
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c)
}

fn check_count(arn: &str, tags: &Tags) -> Result<(), ApiError> {
    match tags.len() {
        0..=TAGS_MAX => Ok(()),
        _ => Err(ApiError::too_many_tags(arn, TAGS_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: Some(key.into()),
            value: Some(value.into()),
        }
    }

    #[test]
    fn the_last_of_two_with_a_key_counts() {
        let tags = read("arn", vec![tag("a", "1"), tag("b", ""), tag("a", "2")]).unwrap();
        assert_eq!(
            tags,
            Tags::from([("a".into(), "2".into()), ("b".into(), String::new())])
        );
        let without_value = Tag {
            key: Some("a".into()),
            value: None,
        };
        assert_eq!(read("arn", vec![without_value]).unwrap()["a"], "");
    }

    #[test]
    fn what_no_tag_may_have_is_refused() {
        for (key, value) in [
            ("aws:a", ""),
            ("AWS:a", ""),
            ("a,b", ""),
            ("a", "{}"),
            ("a", "\u{7}"),
        ] {
            let refused = read("arn", vec![tag(key, value)]).unwrap_err().to_string();
            assert!(refused.starts_with("ValidationException: "), "{refused}");
        }
        assert!(read("arn", vec![tag("Größe 1/2", "a_.:/=+-@ z")]).is_ok());
    }

    #[test]
    fn fifty_tags_are_enough() {
        let tags = |count: usize| (0..count).map(|tag_| tag(&tag_.to_string(), "")).collect();
        assert_eq!(read("arn", tags(50)).unwrap().len(), 50);
        let refused = read("arn", tags(51)).unwrap_err().to_string();
        assert!(refused.starts_with("TooManyTags: "), "{refused}");
    }
}
