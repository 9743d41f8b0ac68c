//! Where in a document a read has got to, and how messages say it.

use std::fmt;

use super::Names;
use super::compare::as_text;
use crate::data::{number::to_json, value::Value};

/// A place in the document.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    /// Whether Jayway has taken the Java value out of the Jackson node. It does so to the members
    /// of an object but not to the elements of an array, and its messages differ for the two.
    is_unwrapped: bool,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Node<'a> {
        Node {
            value,
            is_unwrapped: false,
        }
    }

    pub(super) fn unwrapped(value: &'a Value) -> Node<'a> {
        Node {
            value,
            is_unwrapped: true,
        }
    }

    pub(super) fn element(elements: &'a [Value], index: i64) -> Node<'a> {
        match usize::try_from(index)
            .ok()
            .and_then(|index| elements.get(index))
        {
            Some(value) => Node::root(value),
            None => Node::unwrapped(&OUTSIDE),
        }
    }

    pub(super) fn is_null(self) -> bool {
        self.is_unwrapped && self.value.is_null()
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.is_unwrapped {
            as_text(self.value)
        } else {
            to_json(self.value).into()
        };
        f.write_str(&text)
    }
}

/// What an index outside an array finds.
static OUTSIDE: Value = Value::Null;

/// How a place was reached from the one before.
#[derive(Clone, Copy)]
pub(super) enum Step<'p> {
    /// Not reached but renamed `$`.
    Root,
    Member(&'p str),
    Members(&'p [String]),
    Element(i64),
}

/// `$['a'][0]`, from the last root on.
pub(super) struct Location<'s>(pub(super) &'s [Step<'s>]);

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.0.iter().rposition(|step| matches!(step, Step::Root));
        f.write_str("$")?;
        self.0[root.map_or(0, |root| root + 1)..]
            .iter()
            .try_for_each(|step| match step {
                Step::Root => Ok(()),
                Step::Member(name) => write!(f, "['{name}']"),
                Step::Members(names) => write!(f, "{}", Names(names)),
                Step::Element(index) => write!(f, "[{index}]"),
            })
    }
}
