//! What the models say of the scalars in results beside their types: bounds, lengths, and the values that
//! there are.
//!
//! They are a table of their own, as only what checks a result asks for them.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use super::{
    Service, Target,
    decode::Reader,
    table::{self, Frame},
};

static TABLE: &[u8] = include_bytes!("../../../model/constraints.tbl");

/// The constraints of a service.
pub(crate) struct Constraints {
    constraints: Vec<Constraint>,
    /// For each shape the constraint of each member, counted from 1.
    shapes: Vec<Vec<usize>>,
}

/// What is said of a scalar.
pub(crate) struct Constraint {
    /// The smallest number, or the least length.
    pub(crate) min: Option<f64>,
    /// The largest number, or the greatest length.
    pub(crate) max: Option<f64>,
    /// All values of an enumeration; empty for any other string.
    pub(crate) values: Vec<&'static str>,
}

struct Entry {
    frame: Frame,
    constraints: OnceLock<Constraints>,
}

static INDEX: LazyLock<BTreeMap<&'static str, Entry>> = LazyLock::new(|| {
    let entry = |frame| Entry {
        frame,
        constraints: OnceLock::new(),
    };
    let frames = table::frames(TABLE).into_iter();
    frames.map(|(name, frame)| (name, entry(frame))).collect()
});

impl Constraints {
    pub(crate) fn of(service: &Service) -> &'static Self {
        let name = service.name();
        let entry = INDEX.get(name.as_str());
        let entry = entry.expect("both tables have the same services");
        entry.constraints.get_or_init(|| {
            let read = Self::read(&mut Reader::new(entry.frame.unpack()));
            read.unwrap_or_else(|| panic!("the constraints of {name} end early"))
        })
    }

    /// Of a member of a structure, by its index; of the element of a list, 0; of the value of a map, 1.
    pub(crate) fn of_member(&self, target: Target, index: usize) -> Option<&Constraint> {
        let Target::Aggregate(shape) = target else {
            return None;
        };
        let number = *self.shapes.get(shape)?.get(index)?;
        self.constraints.get(number.checked_sub(1)?)
    }

    fn read(reader: &mut Reader) -> Option<Self> {
        Some(Self {
            constraints: reader.many(constraint)?,
            shapes: reader.many(|reader| reader.many(Reader::index))?,
        })
    }
}

fn constraint(reader: &mut Reader) -> Option<Constraint> {
    Some(Constraint {
        min: bound(reader.text()?)?,
        max: bound(reader.text()?)?,
        values: reader.many(Reader::text)?,
    })
}

fn bound(text: &str) -> Option<Option<f64>> {
    match text {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::model::Shape;

    #[test]
    fn the_constraints_of_every_service_are_of_its_shapes() {
        let mut total = 0;
        for name in Service::names() {
            let service = Service::find(name).unwrap();
            let constraints = Constraints::of(service);
            assert_eq!(constraints.shapes.len(), service.shapes.len(), "{name}");
            for (numbers, shape) in constraints.shapes.iter().zip(&service.shapes) {
                let members = match shape {
                    Shape::Structure(structure) => structure.members.len(),
                    Shape::List { .. } => 1,
                    Shape::Map { .. } => 2,
                };
                assert!([0, members].contains(&numbers.len()), "{name}");
                let known = 0..=constraints.constraints.len();
                assert!(
                    numbers.iter().all(|number| known.contains(number)),
                    "{name}"
                );
            }
            total += constraints.constraints.len();
        }
        assert!(total > 10_000, "{total}");
    }
}
