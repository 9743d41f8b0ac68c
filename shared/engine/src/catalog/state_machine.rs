//! What happens to the record of a state machine: it is updated, published, given aliases.
//!
//! AWS: [Versions and aliases](https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html).

use std::collections::BTreeMap;

use segno_asl::definition::MachineType;
use segno_interpreter::event::Timestamp;

use super::{Alias, Revision, Route, StateMachineRecord, StateMachineStatus, Tags, Version};

/// Versions that a state machine has at the same time.
///
/// AWS: [Quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
pub const VERSIONS_MAX: usize = 1_000;

/// Aliases that a state machine has at the same time.
///
/// AWS: [Quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
pub const ALIASES_MAX: usize = 100;

/// There are as many versions, or as many aliases, as there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The aliases, by name, that route to a version which is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referenced(pub Vec<String>);

impl StateMachineRecord {
    /// A new state machine.
    pub fn new(
        name: String,
        machine_type: MachineType,
        revision: Revision,
        tags: Tags,
        at: Timestamp,
    ) -> Self {
        Self {
            name,
            machine_type,
            created_at: at,
            updated_at: None,
            status: StateMachineStatus::Active,
            revision,
            last_version: 0,
            versions: vec![],
            aliases: BTreeMap::new(),
            tags,
        }
    }

    /// Whether it was deleted, and executions of it still run.
    pub fn is_deleting(&self) -> bool {
        self.status == StateMachineStatus::Deleting
    }

    /// When it was last changed: that is when it was created, if it never was.
    pub fn changed_at(&self) -> Timestamp {
        self.updated_at.unwrap_or(self.created_at)
    }

    /// Makes `revision` the current one, under a new id. One that is the same as the current one
    /// changes nothing.
    pub fn update(&mut self, revision: Revision, id: &str, at: Timestamp) {
        if self.revision.is_same(&revision) {
            return;
        }
        self.revision = Revision {
            id: Some(id.to_owned()),
            ..revision
        };
        self.updated_at = Some(at);
    }

    /// The version of a number.
    pub fn version(&self, number: u64) -> Option<&Version> {
        self.versions
            .iter()
            .find(|version| version.number == number)
    }

    /// Publishes the current revision as the next version. One that was published, and whose version
    /// is still there, keeps its number.
    ///
    /// # Errors
    ///
    /// [`Full`].
    pub fn publish(&mut self, description: Option<String>, at: Timestamp) -> Result<Version, Full> {
        let revision = self.revision.hash();
        let mut newest_first = self.versions.iter().rev();
        if let Some(published) = newest_first.find(|version| version.revision == revision) {
            return Ok(published.clone());
        }
        if self.versions.len() >= VERSIONS_MAX {
            return Err(Full);
        }
        self.last_version += 1;
        let version = Version {
            number: self.last_version,
            revision,
            description,
            created_at: at,
        };
        self.versions.push(version.clone());
        Ok(version)
    }

    /// Deletes a version. One that is not there is gone already.
    ///
    /// # Errors
    ///
    /// [`Referenced`], if an alias routes to it.
    pub fn delete_version(&mut self, number: u64) -> Result<(), Referenced> {
        let aliases: Vec<String> = self.aliases_of(number).map(str::to_owned).collect();
        if !aliases.is_empty() {
            return Err(Referenced(aliases));
        }
        self.versions.retain(|version| version.number != number);
        Ok(())
    }

    /// The names of the aliases that route to a version.
    pub fn aliases_of(&self, number: u64) -> impl Iterator<Item = &str> {
        let routes_there =
            move |alias: &Alias| alias.routes.iter().any(|route| route.version == number);
        self.aliases
            .iter()
            .filter(move |(_, alias)| routes_there(alias))
            .map(|(name, _)| name.as_str())
    }

    /// Whether all versions that are routed to are there.
    pub fn has_versions(&self, routes: &[Route]) -> bool {
        routes
            .iter()
            .all(|route| self.version(route.version).is_some())
    }

    /// Adds an alias, whose name is new.
    ///
    /// # Errors
    ///
    /// [`Full`].
    pub fn add_alias(&mut self, name: &str, alias: Alias) -> Result<(), Full> {
        if self.aliases.len() >= ALIASES_MAX {
            return Err(Full);
        }
        self.aliases.insert(name.to_owned(), alias);
        Ok(())
    }

    /// Deletes it once its last execution has ended. Its versions and aliases are gone at once.
    pub fn begin_deletion(&mut self) {
        self.status = StateMachineStatus::Deleting;
        self.versions.clear();
        self.aliases.clear();
    }
}

impl Alias {
    /// The version that an execution runs. `draw` is from 0 to 99, each with the same chance.
    pub fn route(&self, draw: u8) -> u64 {
        let mut below = 0;
        for route in &self.routes {
            below += route.weight;
            if draw < below {
                return route.version;
            }
        }
        self.heaviest()
    }

    /// The version that most executions run: the first of two with the same weight.
    pub fn heaviest(&self) -> u64 {
        let heaviest = self.routes.iter().rev().max_by_key(|route| route.weight);
        heaviest.expect("an alias has a route").version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(7);

    fn machine() -> StateMachineRecord {
        let revision = Revision::new("{}", "role".into());
        StateMachineRecord::new(
            "machine".into(),
            MachineType::Standard,
            revision,
            Tags::new(),
            Timestamp(1),
        )
    }

    fn alias(routes: &[(u64, u8)]) -> Alias {
        let route = |&(version, weight)| Route { version, weight };
        Alias {
            description: None,
            routes: routes.iter().map(route).collect(),
            created_at: AT,
            updated_at: AT,
        }
    }

    #[test]
    fn an_update_that_changes_nothing_makes_no_revision() {
        let mut machine = machine();
        let first = machine.clone();
        machine.update(Revision::new("{}", "role".into()), "id", AT);
        assert_eq!(machine, first);

        machine.update(Revision::new("{}", "other".into()), "id", AT);
        assert_eq!(machine.revision.id.as_deref(), Some("id"));
        assert_eq!(machine.changed_at(), AT);

        machine.update(machine.revision.clone(), "another", Timestamp(8));
        assert_eq!(machine.revision.id.as_deref(), Some("id"));
    }

    #[test]
    fn a_revision_is_published_once() {
        let mut machine = machine();
        assert_eq!(machine.publish(Some("first".into()), AT).unwrap().number, 1);
        let again = machine.publish(Some("other".into()), AT).unwrap();
        assert_eq!(
            (again.number, again.description.as_deref()),
            (1, Some("first"))
        );

        machine.update(Revision::new("[]", "role".into()), "id", AT);
        assert_eq!(machine.publish(None, AT).unwrap().number, 2);
    }

    #[test]
    fn the_number_of_a_deleted_version_never_comes_again() {
        let mut machine = machine();
        machine.publish(None, AT).unwrap();
        machine.delete_version(1).unwrap();
        machine.delete_version(1).unwrap();
        assert_eq!(machine.publish(None, AT).unwrap().number, 2);
    }

    #[test]
    fn a_version_that_an_alias_routes_to_stays() {
        let mut machine = machine();
        machine.publish(None, AT).unwrap();
        machine.add_alias("b", alias(&[(1, 100)])).unwrap();
        machine.add_alias("a", alias(&[(1, 100)])).unwrap();
        let refused = machine.delete_version(1).unwrap_err();
        assert_eq!(refused, Referenced(vec!["a".into(), "b".into()]));
        assert!(machine.version(1).is_some());
    }

    #[test]
    fn versions_and_aliases_have_quotas() {
        let mut machine = machine();
        for number in 0..VERSIONS_MAX {
            machine.update(Revision::new("{}", number.to_string()), "id", AT);
            machine.publish(None, AT).unwrap();
        }
        assert_eq!(
            machine.publish(None, AT).unwrap().number,
            1_000,
            "it was published"
        );
        machine.update(Revision::new("{}", "one more".into()), "id", AT);
        assert_eq!(machine.publish(None, AT), Err(Full));
        machine.delete_version(1).unwrap();
        assert_eq!(machine.publish(None, AT).unwrap().number, 1_001);

        for number in 0..ALIASES_MAX {
            machine
                .add_alias(&number.to_string(), alias(&[(2, 100)]))
                .unwrap();
        }
        assert_eq!(machine.add_alias("one more", alias(&[(2, 100)])), Err(Full));
    }

    #[test]
    fn an_alias_routes_by_weight() {
        let routed = |alias: &Alias, version| {
            (0..100)
                .filter(|&draw| alias.route(draw) == version)
                .count()
        };
        for weight in [0, 1, 50, 99, 100] {
            let alias = alias(&[(1, weight), (2, 100 - weight)]);
            assert_eq!(routed(&alias, 1), usize::from(weight));
            assert_eq!(routed(&alias, 2), usize::from(100 - weight));
        }
    }

    #[test]
    fn the_heaviest_route_shows_what_an_alias_is() {
        assert_eq!(alias(&[(1, 100)]).heaviest(), 1);
        assert_eq!(alias(&[(1, 40), (2, 60)]).heaviest(), 2);
        assert_eq!(alias(&[(1, 50), (2, 50)]).heaviest(), 1);
    }
}
