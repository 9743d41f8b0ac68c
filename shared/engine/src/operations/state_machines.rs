//! Finding and deleting state machines.

use segno_interpreter::event::Timestamp;

use super::arn::{Qualifier, StateMachineArn};
use crate::{
    Backend, Clock, Engine, Invoker,
    catalog::{self, Alias, CatalogError, Change, Machine, Revision, StateMachineRecord},
    store::{HeadQuery, StoreError},
};

/// Why a state machine could not be found or deleted.
#[derive(Debug, thiserror::Error)]
pub enum StateMachineError {
    /// The catalog did not do what it was asked.
    #[error("the catalog did not answer as asked")]
    Catalog(#[from] CatalogError),
    /// The store did not do what it was asked.
    #[error("the store did not answer as asked")]
    Store(#[from] StoreError),
    /// The operating system has no randomness.
    #[error("the operating system gives no randomness")]
    NoRandomness(#[from] getrandom::Error),
}

/// Which version an alias stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// One of them, by weight: for an execution.
    ByWeight,
    /// The one with the most weight: to show.
    Heaviest,
}

/// A state machine that was found, by its ARN or by that of a version or an alias.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// As an execution keeps it.
    pub machine: Machine,
    /// The record that it was found in.
    pub record: StateMachineRecord,
    /// Number of the version that it is, if it was asked for by version or alias.
    pub version: Option<u64>,
}

impl<S: Backend, I: Invoker, C: Clock> Engine<S, I, C> {
    /// The record of a state machine. `arn` names neither version nor alias. One that was deleted
    /// while executions ran is gone once they have ended.
    ///
    /// # Errors
    ///
    /// [`StateMachineError`].
    pub async fn state_machine(
        &self,
        arn: &str,
    ) -> Result<Option<StateMachineRecord>, StateMachineError> {
        let record: Option<StateMachineRecord> = catalog::read(self.store(), arn).await?;
        match record {
            Some(record) if record.is_deleting() && !self.has_open_executions(arn).await? => {
                self.forget(arn).await?;
                Ok(None)
            }
            record => Ok(record),
        }
    }

    /// The state machine of an ARN, as an execution keeps it.
    ///
    /// # Errors
    ///
    /// [`StateMachineError`].
    pub async fn find_state_machine(
        &self,
        arn: &StateMachineArn<'_>,
        pick: Pick,
    ) -> Result<Option<Found>, StateMachineError> {
        let Some(record) = self.state_machine(&arn.unqualified()).await? else {
            return Ok(None);
        };
        let (version, alias) = match arn.qualifier {
            Qualifier::None => (None, None),
            Qualifier::Version(number) => (Some(number), None),
            Qualifier::Alias(name) => match record.aliases.get(name) {
                None => return Ok(None),
                Some(alias) => (Some(self.choose(alias, pick)?), Some(name)),
            },
        };
        let Some(snapshot) = self.snapshot(&record, version).await? else {
            return Ok(None);
        };
        let definition = self.definition(&snapshot.revision.definition).await?;
        let arn = arn.unqualified();
        let machine = Machine {
            version_arn: version.map(|number| format!("{arn}:{number}")),
            alias_arn: alias.map(|name| format!("{arn}:{name}")),
            arn,
            name: record.name.clone(),
            machine_type: record.machine_type,
            created_at: snapshot.created_at,
            updated_at: snapshot.updated_at,
            revision: snapshot.revision,
            definition,
        };
        Ok(Some(Found {
            machine,
            record,
            version,
        }))
    }

    /// What a state machine is made of now, or was when a version was published.
    async fn snapshot(
        &self,
        record: &StateMachineRecord,
        version: Option<u64>,
    ) -> Result<Option<Snapshot>, CatalogError> {
        let Some(number) = version else {
            return Ok(Some(Snapshot {
                revision: record.revision.clone(),
                created_at: record.created_at,
                updated_at: record.changed_at(),
            }));
        };
        let Some(version) = record.version(number) else {
            return Ok(None);
        };
        Ok(Some(Snapshot {
            revision: catalog::revision(self.store(), &version.revision).await?,
            created_at: version.created_at,
            updated_at: version.created_at,
        }))
    }

    /// Deletes a state machine, with its versions and aliases; that of one which is not there
    /// succeeds. While executions of it run it is shown as being deleted. They go on, with the
    /// definition that they started with.
    ///
    /// # Errors
    ///
    /// [`StateMachineError`].
    pub async fn delete_state_machine(&self, arn: &str) -> Result<(), StateMachineError> {
        if !self.has_open_executions(arn).await? {
            return self.forget(arn).await;
        }
        catalog::change(self.store(), arn, |record: Option<StateMachineRecord>| {
            let change = record.map_or(Change::Keep, |mut record| {
                record.begin_deletion();
                Change::Put(record)
            });
            Ok((change, ()))
        })
        .await
    }

    async fn forget(&self, arn: &str) -> Result<(), StateMachineError> {
        let delete = |_: Option<StateMachineRecord>| Ok((Change::Delete, ()));
        catalog::change(self.store(), arn, delete).await
    }

    async fn has_open_executions(&self, arn: &str) -> Result<bool, StoreError> {
        let query = HeadQuery {
            machine: arn,
            status: Some("RUNNING"),
            after: None,
            limit: 1,
        };
        Ok(!self.store().heads(&query).await?.is_empty())
    }

    fn choose(&self, alias: &Alias, pick: Pick) -> Result<u64, getrandom::Error> {
        match pick {
            Pick::Heaviest => Ok(alias.heaviest()),
            Pick::ByWeight => Ok(alias.route(self.config().entropy.percent()?)),
        }
    }
}

/// What a state machine is made of, at one time.
struct Snapshot {
    revision: Revision,
    created_at: Timestamp,
    updated_at: Timestamp,
}
