//! Objects: members in the order in which they were added.
//!
//! A small object is a list of its members. A large one is a [table that is shared](many) between it
//! and those that were made of it by writing something.

mod many;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    slice,
    sync::Arc,
};

use self::many::{Many, Table};
use super::{Value, measure::Measure};

/// The members of an object, shared.
#[derive(Clone)]
pub struct Object(Arc<Inner>);

struct Inner {
    /// What the members come to, without the braces.
    parts: Measure,
    members: Members,
}

enum Members {
    Few(Vec<Member>),
    Many(Many),
}

#[derive(Clone)]
struct Member {
    name: Arc<str>,
    value: Value,
}

impl Member {
    fn measure(&self) -> Measure {
        Measure::of_name(&self.name).member(&self.value)
    }
}

/// More members than these are in a table.
const FEW_MAX: usize = 32;

impl Object {
    /// An object in the making.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let member = match &self.0.members {
            Members::Few(members) => members.iter().find(|member| *member.name == *name),
            Members::Many(many) => many.position(name).map(|at| many.at(at)),
        };
        member.map(|member| &member.value)
    }

    /// Whether there is a member of this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The members, in order.
    pub fn iter(&self) -> Iter<'_> {
        self.0.members.iter()
    }

    /// The names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.iter().map(|(name, _)| name)
    }

    /// The values, in order.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.iter().map(|(_, value)| value)
    }

    /// The object with this member. One that replaces another keeps its place, and a new one goes
    /// last.
    pub fn with(&self, name: Arc<str>, value: Value) -> Self {
        let Inner { parts, members } = &*self.0;
        let position = members.position(&name);
        let of_name = Measure::of_name(&name);
        let added = of_name.member(&value);
        let replaced = position.map(|at| of_name.member(&members.at(at).value));
        let members = members.with(position, Member { name, value });
        let parts = match replaced {
            None => parts.plus(added),
            Some(replaced) => parts.replacing(replaced, added, || members.levels()),
        };
        Self(Arc::new(Inner { parts, members }))
    }

    pub(super) fn measure(&self) -> Measure {
        Measure::container(self.0.parts, self.is_empty())
    }
}

impl Members {
    /// Members whose names differ.
    fn new(members: Vec<Member>) -> Self {
        match members.len() {
            0..=FEW_MAX => Self::Few(members),
            _ => Self::Many(Many::new(members.into_iter().collect())),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Few(members) => members.len(),
            Self::Many(many) => many.len(),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        match self {
            Self::Few(members) => members.iter().position(|member| *member.name == *name),
            Self::Many(many) => many.position(name),
        }
    }

    fn at(&self, position: usize) -> &Member {
        match self {
            Self::Few(members) => &members[position],
            Self::Many(many) => many.at(position),
        }
    }

    fn iter(&self) -> Iter<'_> {
        Iter(match self {
            Self::Few(members) => Order::Few(members.iter()),
            Self::Many(many) => Order::Many(many.iter()),
        })
    }

    /// The members with this one in the place of another, or behind all.
    fn with(&self, position: Option<usize>, member: Member) -> Self {
        let members = match self {
            Self::Few(members) => members,
            Self::Many(many) => {
                let position = position.unwrap_or_else(|| many.len());
                return Self::Many(many.with(position, member));
            }
        };
        let mut written = Vec::with_capacity(members.len() + usize::from(position.is_none()));
        written.extend_from_slice(members);
        match position {
            Some(at) => written[at] = member,
            None => written.push(member),
        }
        Self::new(written)
    }

    /// The most levels of any value.
    fn levels(&self) -> usize {
        Measure::levels_of(self.iter().map(|(_, value)| value))
    }
}

/// The members of an object, in order.
pub struct Iter<'a>(Order<'a>);

enum Order<'a> {
    Few(slice::Iter<'a, Member>),
    Many(many::Iter<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Arc<str>, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        let member = match &mut self.0 {
            Order::Few(members) => members.next(),
            Order::Many(members) => members.next(),
        }?;
        Some((&member.name, &member.value))
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a Arc<str>, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Puts an object together.
#[derive(Default)]
pub struct Builder {
    few: Vec<Member>,
    /// All members, once there are many.
    many: Table,
}

impl Builder {
    /// With room for so many members.
    pub(crate) fn with_capacity(members: usize) -> Self {
        Self {
            few: Vec::with_capacity(members.min(FEW_MAX)),
            many: Table::default(),
        }
    }

    /// Adds a member. One of a name that is there takes the place of that.
    pub fn insert(&mut self, name: Arc<str>, value: Value) {
        if self.many.len() > 0 {
            match self.many.position(&name) {
                Some(at) => self.many.at_mut(at).value = value,
                None => self.many.push(Member { name, value }),
            }
            return;
        }
        match self.few.iter_mut().find(|old| *old.name == *name) {
            Some(old) => old.value = value,
            None => self.few.push(Member { name, value }),
        }
        if self.few.len() > FEW_MAX {
            self.many = self.few.drain(..).collect();
        }
    }

    /// Adds a member of a name that is not there yet.
    pub(crate) fn push(&mut self, name: Arc<str>, value: Value) {
        match self.few.len() < FEW_MAX && self.many.len() == 0 {
            true => self.few.push(Member { name, value }),
            false => self.insert(name, value),
        }
    }

    /// The finished object.
    pub fn finish(self) -> Object {
        let members = match self.many.len() {
            0 => Members::Few(self.few),
            _ => Members::Many(Many::new(self.many)),
        };
        let parts = match &members {
            Members::Few(few) => few.iter().map(Member::measure).sum(),
            Members::Many(many) => many.iter().map(Member::measure).sum(),
        };
        Object(Arc::new(Inner { parts, members }))
    }
}

impl<N: Into<Arc<str>>, V: Into<Value>> FromIterator<(N, V)> for Object {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(members: T) -> Self {
        let mut builder = Builder::default();
        for (name, value) in members {
            builder.insert(name.into(), value.into());
        }
        builder.finish()
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        let has = |(name, value): (&Arc<str>, &Value)| other.get(name) == Some(value);
        Arc::ptr_eq(&self.0, &other.0) || self.len() == other.len() && self.iter().all(has)
    }
}

impl Hash for Object {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // A sum, so that the order of the members does not matter.
        let sum = self.iter().fold(0, |sum: u64, member| {
            let mut hasher = DefaultHasher::new();
            member.hash(&mut hasher);
            sum.wrapping_add(hasher.finish())
        });
        state.write_u64(sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{data::number::to_json, json};

    fn object(members: impl Iterator<Item = usize>) -> Object {
        members
            .map(|number| (format!("member-{number}"), Value::from(number)))
            .collect()
    }

    fn names(object: &Object) -> Vec<String> {
        object.keys().map(|name| name.to_string()).collect()
    }

    #[test]
    fn members_keep_their_order_however_many_there_are() {
        for count in [0, 1, FEW_MAX, FEW_MAX + 1, 1_000, 5_000] {
            let expected: Vec<String> = (0..count).map(|n| format!("member-{n}")).collect();
            let built = object(0..count);
            assert_eq!(names(&built), expected);
            let written = (0..count).fold(object(0..0), |object, number| {
                object.with(format!("member-{number}").into(), number.into())
            });
            assert_eq!(names(&written), expected);
            assert!(built == written);
            assert_eq!(built.len(), count);
            assert_eq!(
                built.get("member-0"),
                (count > 0).then_some(&Value::from(0))
            );
            assert_eq!(built.get("absent"), None);
        }
    }

    #[test]
    fn a_name_that_comes_again_keeps_its_place_and_takes_the_last_value() {
        for count in [3, 100] {
            let built = object((0..count).chain([1, 1]));
            assert_eq!(names(&built), names(&object(0..count)));
            let written = built.with("member-1".into(), json!("new"));
            assert_eq!(names(&written), names(&built));
            assert_eq!(written.get("member-1"), Some(&json!("new")));
            assert_eq!(built.get("member-1"), Some(&json!(1)));
        }
    }

    #[test]
    fn what_a_written_object_comes_to_is_what_it_would_if_it_were_built() {
        let deep = json!([[["text", 1.0]]]);
        for count in [0, 5, FEW_MAX, 1_000] {
            let before = object(0..count);
            for (name, value) in [("new", &deep), ("member-1", &deep), ("member-2", &json!(7))] {
                let written = before.with(name.into(), value.clone());
                let members = before
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone()));
                let built: Object = members.chain([(name.into(), value.clone())]).collect();
                assert_eq!(written.measure(), built.measure());
                let shallow = written.with(name.into(), Value::Null);
                assert_eq!(shallow.measure().levels, 1);
                let text = to_json(&Value::Object(shallow.clone()));
                assert_eq!(shallow.measure().text_bytes, text.len());
            }
        }
    }
}
