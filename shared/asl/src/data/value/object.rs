//! Objects: members in the order in which they were added.
//!
//! A small object is a list of its members. A large one spreads them over buckets, by the hash of
//! their names, about as many buckets as there are members in each: writing a member copies the list
//! of buckets and one of them, which for 1,000 members is some 60 pointers instead of 1,000.

use std::{
    collections::HashMap,
    hash::{BuildHasher, DefaultHasher, Hash, Hasher},
    slice,
    sync::Arc,
    vec,
};

use foldhash::quality::RandomState;

use super::{Value, measure::Measure};

/// The members of an object, shared.
#[derive(Clone)]
pub struct Object(Arc<Inner>);

struct Inner {
    /// What the members come to, without the braces.
    parts: Measure,
    members: Members,
}

#[derive(Clone)]
enum Members {
    Few(Vec<Member>),
    Many(Buckets),
}

#[derive(Clone)]
struct Member {
    name: Arc<str>,
    value: Value,
}

/// More members than these are spread over buckets.
const FEW_MAX: usize = 32;

impl Object {
    /// An object in the making.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        match &self.0.members {
            Members::Few(members) => members.len(),
            Members::Many(buckets) => buckets.length,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match &self.0.members {
            Members::Few(members) => {
                let found = members.iter().find(|member| *member.name == *name);
                found.map(|member| &member.value)
            }
            Members::Many(buckets) => buckets.get(name),
        }
    }

    /// Whether there is a member of this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The members, in order.
    pub fn iter(&self) -> Iter<'_> {
        match &self.0.members {
            Members::Few(members) => Iter(Order::Few(members.iter())),
            Members::Many(buckets) => Iter(Order::Many(buckets.in_order().into_iter())),
        }
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
        let added = Measure::of_member(&name, &value);
        let sum = match self.get(&name) {
            Some(replaced) => self.0.parts.minus(Measure::of_member(&name, replaced)),
            None => self.0.parts,
        };
        let members = self.0.members.with(Member { name, value });
        let parts = Measure {
            levels: members.levels(),
            ..sum.plus(added)
        };
        Self(Arc::new(Inner { parts, members }))
    }

    pub(super) fn measure(&self) -> Measure {
        Measure::container(self.0.parts, self.is_empty())
    }
}

impl Members {
    fn with(&self, member: Member) -> Self {
        match self {
            Self::Many(buckets) => Self::Many(buckets.with(member)),
            Self::Few(members) => {
                let mut members = members.clone();
                match members.iter_mut().find(|old| old.name == member.name) {
                    Some(old) => old.value = member.value,
                    None => members.push(member),
                }
                Self::new(members)
            }
        }
    }

    /// Members whose names differ.
    fn new(members: Vec<Member>) -> Self {
        match members.len() {
            0..=FEW_MAX => Self::Few(members),
            _ => Self::Many(Buckets::new(RandomState::default(), members)),
        }
    }

    /// The most levels of any value.
    fn levels(&self) -> usize {
        match self {
            Self::Few(members) => Measure::levels_of(members.iter().map(|member| &member.value)),
            Self::Many(buckets) => {
                let levels = buckets.buckets.iter().map(|bucket| bucket.levels);
                levels.max().unwrap_or(0)
            }
        }
    }
}

/// Many members by the hash of their names.
#[derive(Clone)]
struct Buckets {
    /// Seeded at random, so that nobody can choose names that share a bucket.
    hasher: RandomState,
    /// A power of two of them.
    buckets: Vec<Arc<Bucket>>,
    length: usize,
}

#[derive(Clone, Default)]
struct Bucket {
    levels: usize,
    slots: Vec<Slot>,
}

#[derive(Clone)]
struct Slot {
    hash: u64,
    /// The place among all members, from 0, without gaps.
    position: usize,
    member: Member,
}

impl Buckets {
    fn new(hasher: RandomState, members: Vec<Member>) -> Self {
        let length = members.len();
        let mut buckets = vec![Bucket::default(); length.isqrt().next_power_of_two()];
        let mask = buckets.len() - 1;
        for (position, member) in members.into_iter().enumerate() {
            let hash = hasher.hash_one(&*member.name);
            let slot = Slot {
                hash,
                position,
                member,
            };
            buckets[hash as usize & mask].slots.push(slot);
        }
        for bucket in &mut buckets {
            bucket.count_levels();
        }
        Self {
            hasher,
            buckets: buckets.into_iter().map(Arc::new).collect(),
            length,
        }
    }

    fn bucket_of(&self, name: &str) -> (usize, u64) {
        let hash = self.hasher.hash_one(name);
        (hash as usize & (self.buckets.len() - 1), hash)
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let (at, hash) = self.bucket_of(name);
        let found = self.buckets[at].position(name, hash)?;
        Some(&self.buckets[at].slots[found].member.value)
    }

    fn with(&self, member: Member) -> Self {
        let (at, hash) = self.bucket_of(&member.name);
        let mut bucket = Bucket::clone(&self.buckets[at]);
        let mut length = self.length;
        match bucket.position(&member.name, hash) {
            Some(found) => bucket.slots[found].member.value = member.value,
            None => {
                bucket.slots.push(Slot {
                    hash,
                    position: length,
                    member,
                });
                length += 1;
            }
        }
        bucket.count_levels();
        let mut buckets = self.buckets.clone();
        buckets[at] = Arc::new(bucket);
        let hasher = self.hasher.clone();
        let grown = Self {
            hasher,
            buckets,
            length,
        };
        grown.spread()
    }

    /// The same members in more buckets, if there have come to be too many for these.
    fn spread(self) -> Self {
        let roomy = self.buckets.len() * self.buckets.len() * 4;
        if self.length <= roomy {
            return self;
        }
        let members = self.in_order().into_iter().cloned().collect();
        Self::new(self.hasher, members)
    }

    fn in_order(&self) -> Vec<&Member> {
        let slots = self.buckets.iter().flat_map(|bucket| &bucket.slots);
        let mut ordered = vec![None; self.length];
        for slot in slots {
            ordered[slot.position] = Some(&slot.member);
        }
        ordered.into_iter().flatten().collect()
    }
}

impl Bucket {
    fn position(&self, name: &str, hash: u64) -> Option<usize> {
        self.slots
            .iter()
            .position(|slot| slot.hash == hash && *slot.member.name == *name)
    }

    fn count_levels(&mut self) {
        self.levels = Measure::levels_of(self.slots.iter().map(|slot| &slot.member.value));
    }
}

/// The members of an object, in order.
pub struct Iter<'a>(Order<'a>);

enum Order<'a> {
    Few(slice::Iter<'a, Member>),
    Many(vec::IntoIter<&'a Member>),
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
    members: Vec<Member>,
    /// Where each name is, once there are many.
    places: HashMap<Arc<str>, usize, RandomState>,
}

impl Builder {
    /// Adds a member. One of a name that is there takes the place of that.
    pub fn insert(&mut self, name: Arc<str>, value: Value) {
        match self.place(&name) {
            Some(place) => self.members[place].value = value,
            None => self.push(Member { name, value }),
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        match self.members.len() {
            0..=FEW_MAX => self.members.iter().position(|old| *old.name == *name),
            _ => self.places.get(name).copied(),
        }
    }

    fn push(&mut self, member: Member) {
        self.members.push(member);
        let length = self.members.len();
        if length > FEW_MAX {
            let known = self.places.len();
            let unknown = self.members.iter().enumerate().skip(known);
            self.places
                .extend(unknown.map(|(place, member)| (member.name.clone(), place)));
        }
    }

    /// The finished object.
    pub fn finish(self) -> Object {
        let parts = self
            .members
            .iter()
            .map(|member| Measure::of_member(&member.name, &member.value))
            .fold(Measure::default(), Measure::plus);
        let members = Members::new(self.members);
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
