//! From an ARN to the state machine that an execution of it runs.

use segno_interpreter::event::Timestamp;

use crate::{
    Backend, Clock, Engine, Invoker,
    catalog::{self, CatalogError, ContentHash, Machine, Revision, StateMachineRecord, Version},
};

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// The state machine of an ARN: as it is now, as a version has it, or as an alias picks it. `None`
    /// if there is none.
    ///
    /// # Errors
    ///
    /// [`CatalogError`].
    pub async fn resolve(&self, arn: &str) -> Result<Option<Machine>, CatalogError> {
        let (unqualified, qualifier) = split(arn);
        let record: Option<StateMachineRecord> = catalog::read(self.store(), unqualified).await?;
        let Some(record) = record else {
            return Ok(None);
        };
        let (version, alias_arn) = match qualifier {
            None => (None, None),
            Some(qualifier) => match qualifier.parse::<u64>() {
                Ok(number) => (find(&record, number), None),
                Err(_) => (self.pick(&record, qualifier), Some(arn.to_owned())),
            },
        };
        let (revision, updated_at, version_arn) = match (version, qualifier) {
            (None, Some(_)) => return Ok(None),
            (None, None) => {
                let updated_at = record.updated_at.unwrap_or(record.created_at);
                (record.revision.clone(), updated_at, None)
            }
            (Some(version), _) => {
                let revision = self.revision(&version.revision).await?;
                let arn = format!("{unqualified}:{}", version.number);
                (revision, version.created_at, Some(arn))
            }
        };
        let machine = Machine {
            arn: unqualified.to_owned(),
            name: record.name.clone(),
            machine_type: record.machine_type,
            version_arn,
            alias_arn,
            created_at: record.created_at,
            updated_at: Timestamp(updated_at.0),
            definition: catalog::definition(self.store(), &revision.definition).await?,
            revision,
        };
        Ok(Some(machine))
    }

    /// The version that an alias sends the next execution to.
    fn pick<'r>(&self, record: &'r StateMachineRecord, alias: &str) -> Option<&'r Version> {
        let routes = &record.aliases.get(alias)?.routes;
        let dice = self.config().entropy.bytes().map_or(0, |bytes| bytes[0]);
        let mut left = u16::from(dice) * 100 / 256;
        let route = routes.iter().find(|route| {
            let weight = u16::from(route.weight);
            let is_it = left < weight;
            left = left.saturating_sub(weight);
            is_it
        });
        find(record, route.or(routes.first())?.version)
    }

    async fn revision(&self, hash: &ContentHash) -> Result<Revision, CatalogError> {
        let text = catalog::definition(self.store(), hash).await?;
        serde_json::from_str(&text).map_err(|error| CatalogError::Unreadable {
            name: hash.to_string(),
            source: error.into(),
        })
    }
}

fn find(record: &StateMachineRecord, number: u64) -> Option<&Version> {
    let mut versions = record.versions.iter();
    versions.find(|version| version.number == number)
}

/// An ARN without the version or alias that it may end with, and that.
fn split(arn: &str) -> (&str, Option<&str>) {
    match arn.match_indices(':').nth(6) {
        Some((at, _)) => (&arn[..at], Some(&arn[at + 1..])),
        None => (arn, None),
    }
}
