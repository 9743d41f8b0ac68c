//! Many members: a table that is shared, and what was written since it was made.
//!
//! Writing a member copies what was written before and leaves the table alone. When that has come to
//! be about the square root of all members, it goes into a new table: so a write costs the square root
//! on the average, and next to nothing where the same few members are written again and again.

use std::{
    hash::{BuildHasher, Hasher},
    sync::{Arc, OnceLock},
};

use foldhash::quality::RandomState;

use super::Member;

/// Members by their names.
#[derive(Clone)]
pub(super) struct Many {
    table: Arc<Table>,
    /// Members with their positions, in order: those that take the place of one in the table, then
    /// those that are behind it.
    written: Vec<(usize, Member)>,
}

/// Members in order, and where each name is.
#[derive(Clone, Default)]
pub(super) struct Table {
    members: Vec<Member>,
    /// Each at the hash of its name or behind it. At least half of it is empty.
    index: Vec<Slot>,
}

/// Where a member is, or nothing.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// Of the name: a member of another hash need not be looked at.
    hash: u32,
    /// From 1; 0 where there is none.
    position: u32,
}

/// Seeded at random, so that nobody can choose names that share a place.
fn hash(name: &str) -> u32 {
    static HASHER: OnceLock<RandomState> = OnceLock::new();
    let mut hasher = HASHER.get_or_init(RandomState::default).build_hasher();
    hasher.write(name.as_bytes());
    hasher.finish() as u32
}

impl Many {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table: Arc::new(table),
            written: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.table.members.len() + self.added().len()
    }

    /// Those that are behind the table.
    fn added(&self) -> &[(usize, Member)] {
        let behind = self.table.members.len();
        let replacing = self.written.partition_point(|(at, _)| *at < behind);
        &self.written[replacing..]
    }

    /// The position of a name.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let mut added = self.added().iter();
        let found = added.find(|(_, member)| *member.name == *name);
        found
            .map(|(at, _)| *at)
            .or_else(|| self.table.position(name))
    }

    pub(super) fn at(&self, position: usize) -> &Member {
        match self.place(position) {
            Ok(place) => &self.written[place].1,
            Err(_) => &self.table.members[position],
        }
    }

    /// Where a position is among those written, or would be.
    fn place(&self, position: usize) -> Result<usize, usize> {
        self.written.binary_search_by_key(&position, |(at, _)| *at)
    }

    /// The members with this one at `position`, which is theirs or the next one.
    pub(super) fn with(&self, position: usize, member: Member) -> Self {
        let mut written = Vec::with_capacity(self.written.len() + 1);
        written.extend_from_slice(&self.written);
        match self.place(position) {
            Ok(place) => written[place].1 = member,
            Err(place) => written.insert(place, (position, member)),
        }
        let table = self.table.clone();
        let many = Self { table, written };
        match many.written.len() > many.table.members.len().isqrt() {
            true => Self::new(many.whole()),
            false => many,
        }
    }

    /// A table with all that was written.
    fn whole(&self) -> Table {
        let mut table = Table::clone(&self.table);
        for (position, member) in &self.written {
            match table.members.get_mut(*position) {
                Some(replaced) => *replaced = member.clone(),
                None => table.push(member.clone()),
            }
        }
        table
    }

    pub(super) fn iter(&self) -> Iter<'_> {
        Iter {
            many: self,
            position: 0,
            written: 0,
        }
    }
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn at_mut(&mut self, position: usize) -> &mut Member {
        &mut self.members[position]
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.slot(name, hash(name)).ok()
    }

    /// The position of a name, or the place in the index where it belongs.
    fn slot(&self, name: &str, hash: u32) -> Result<usize, usize> {
        let mask = self.index.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        // Half of the index is empty: there is an end.
        while let slot = self.index[at]
            && let Some(position) = slot.position.checked_sub(1)
        {
            let position = position as usize;
            if slot.hash == hash && *self.members[position].name == *name {
                return Ok(position);
            }
            at = (at + 1) & mask;
        }
        Err(at)
    }

    /// Adds a member of a name that is not there yet.
    pub(super) fn push(&mut self, member: Member) {
        if (self.members.len() + 1) * 2 > self.index.len() {
            self.grow();
        }
        let hash = hash(&member.name);
        if let Err(at) = self.slot(&member.name, hash) {
            self.members.push(member);
            let position = number(self.members.len());
            self.index[at] = Slot { hash, position };
        }
    }

    fn grow(&mut self) {
        let mask = ((self.members.len() + 1) * 4).next_power_of_two() - 1;
        let mut index = vec![Slot::default(); mask + 1];
        for slot in self.index.iter().filter(|slot| slot.position > 0) {
            let mut at = slot.hash as usize & mask;
            while index[at].position > 0 {
                at = (at + 1) & mask;
            }
            index[at] = *slot;
        }
        self.index = index;
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).expect("so many members do not fit into memory")
}

impl FromIterator<Member> for Table {
    fn from_iter<T: IntoIterator<Item = Member>>(members: T) -> Self {
        let mut table = Self::default();
        for member in members {
            table.push(member);
        }
        table
    }
}

/// Members in order.
pub(super) struct Iter<'a> {
    many: &'a Many,
    position: usize,
    /// How many of those written have come.
    written: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Member;

    fn next(&mut self) -> Option<&'a Member> {
        let position = self.position;
        self.position += 1;
        match self.many.written.get(self.written) {
            Some((at, member)) if *at == position => {
                self.written += 1;
                Some(member)
            }
            _ => self.many.table.members.get(position),
        }
    }
}
