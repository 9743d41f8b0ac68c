//! Reading a document along the tokens of a path.

use std::borrow::Cow;

use super::budget::Budget;
use super::filter::Filter;
use super::place::{Location, Node, Step};
use super::{Fragments, Path, PathError, Token};
use crate::data::value::{Object, Value};

/// Branches within one another: a scan and a wildcard take one each for every level of a document.
const DEPTH_MAX: u32 = 512;

/// All that `path` matches in `document`.
pub(super) fn matches<'a>(
    path: &Path,
    document: &'a Value,
) -> Result<Vec<Cow<'a, Value>>, PathError> {
    let budget = Budget::new();
    let mut reading = Reading::of_value(
        path,
        Source {
            document,
            budget: &budget,
        },
    );
    match reading.follow(0, Node::root(document)) {
        Ok(()) => Ok(reading.matches),
        Err(Failure::NotFound(absence)) => Err(PathError::NotFound(reading.explain(absence))),
        Err(Failure::Invalid(message)) => Err(PathError::Invalid(message)),
    }
}

/// What every criterion of a filter shares with the path that it is in.
#[derive(Clone, Copy)]
pub(super) struct Source<'a, 's> {
    pub(super) document: &'a Value,
    pub(super) budget: &'s Budget,
}

/// Why there is nothing to be read.
pub(super) enum Failure {
    /// An array wildcard above passes over it, and so does a criterion.
    NotFound(Absence),
    /// Fails the whole path.
    Invalid(String),
}

/// What is not there. Where, is in [`Reading::location`].
pub(super) enum Absence {
    /// A member was asked for, by the token of this index.
    Object(usize),
    /// An element was asked for.
    Array,
    LastMember,
    InnerMember,
    OneOfMembers,
}

/// One path being read.
pub(super) struct Reading<'p, 'a> {
    pub(super) path: &'p Path,
    pub(super) source: Source<'a, 'p>,
    /// Whether `['a','b']` finds nothing unless it finds both.
    requires_all: bool,
    location: Vec<Step<'p>>,
    depth: u32,
    matches: Vec<Cow<'a, Value>>,
}

impl<'p, 'a: 'p> Reading<'p, 'a> {
    pub(super) fn of_value(path: &'p Path, source: Source<'a, 'p>) -> Reading<'p, 'a> {
        Reading {
            path,
            source,
            requires_all: false,
            location: Vec::new(),
            depth: 0,
            matches: Vec::new(),
        }
    }

    pub(super) fn of_existence(path: &'p Path, source: Source<'a, 'p>) -> Reading<'p, 'a> {
        Reading {
            requires_all: true,
            ..Reading::of_value(path, source)
        }
    }

    /// What a definite path finds from `start`, `None` if nothing.
    pub(super) fn only(mut self, start: Node<'a>) -> Result<Option<Cow<'a, Value>>, Failure> {
        match self.follow(0, start) {
            Ok(()) => Ok(self.matches.pop()),
            Err(Failure::NotFound(_)) => Ok(None),
            Err(invalid) => Err(invalid),
        }
    }

    /// Follows the path from token `at` on. Recurs at branches only, so that a long path does not
    /// make a deep stack.
    fn follow(&mut self, mut at: usize, mut node: Node<'a>) -> Result<(), Failure> {
        loop {
            self.source.budget.spend_steps(1)?;
            let path = self.path;
            let Some(token) = path.tokens.get(at) else {
                return self.found(node);
            };
            let next = match token {
                Token::Root => {
                    self.location.push(Step::Root);
                    Some(node)
                }
                Token::Property(name) => self.property(at, name, node)?,
                Token::Properties(names) => return self.properties(at, names, node),
                Token::Index(index) => Some(self.index(at, node, |_| (*index).into())?),
                Token::FromEnd(offset) => {
                    Some(self.index(at, node, |length| length + i64::from(*offset))?)
                }
                Token::Filter(filter) if node.value.is_object() => {
                    filter.accepts(node, self.source)?.then_some(node)
                }
                Token::Filter(filter) => return self.filtered(at, filter, node),
                Token::Indexes(indexes) => {
                    return self.elements(at, node, |_| indexes.iter().map(|&index| index.into()));
                }
                Token::From(from) => {
                    return self
                        .elements(at, node, |length| from_end(*from, length).max(0)..length);
                }
                Token::To(to) => {
                    return self.elements(at, node, |length| 0..from_end(*to, length).min(length));
                }
                Token::Between(from, to) => {
                    return self.elements(at, node, |length| between(*from, *to, length));
                }
                Token::Wildcard => return self.wildcard(at, node),
                Token::Scan => return self.scan(at + 1, node),
            };
            let Some(next) = next else { return Ok(()) };
            node = next;
            at += 1;
        }
    }

    fn found(&mut self, node: Node<'a>) -> Result<(), Failure> {
        // A definite path lends what it finds, and any other copies.
        if !self.path.is_definite() {
            self.source.budget.spend_weight(node.value.weight())?;
        }
        self.matches.push(Cow::Borrowed(node.value));
        Ok(())
    }

    /// Follows the path from token `at` on, on one of several ways.
    pub(super) fn branch(
        &mut self,
        step: Option<Step<'p>>,
        at: usize,
        node: Node<'a>,
    ) -> Result<(), Failure> {
        self.within(step, |reading| reading.follow(at, node))
    }

    pub(super) fn within(
        &mut self,
        step: Option<Step<'p>>,
        action: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.depth == DEPTH_MAX {
            return Err(Failure::Invalid(format!(
                "The path branches more than {DEPTH_MAX} times"
            )));
        }
        let length = self.location.len();
        self.location.extend(step);
        self.depth += 1;
        let result = action(self);
        self.depth -= 1;
        // After a failure the location says where.
        if result.is_ok() {
            self.location.truncate(length);
        }
        result
    }

    /// `None` if the path has no match here and need not have one.
    fn property(
        &mut self,
        at: usize,
        name: &'p str,
        node: Node<'a>,
    ) -> Result<Option<Node<'a>>, Failure> {
        let Value::Object(members) = node.value else {
            return self.absent(Absence::Object(at));
        };
        let member = members.get(name);
        if member.is_none() && self.may_be_absent(at) {
            return Ok(None);
        }
        self.location.push(Step::Member(name));
        match member {
            Some(value) => Ok(Some(Node::unwrapped(value))),
            None if at + 1 == self.path.tokens.len() => self.absent(Absence::LastMember),
            None => self.absent(Absence::InnerMember),
        }
    }

    fn absent<T>(&self, absence: Absence) -> Result<T, Failure> {
        Err(Failure::NotFound(absence))
    }

    /// Whether a member may be missing: not the last one, and no other unless the token before it
    /// or one of those after it has many matches.
    fn may_be_absent(&self, at: usize) -> bool {
        at + 1 < self.path.tokens.len() && self.path.definite_from > at.saturating_sub(1)
    }

    fn properties(
        &mut self,
        at: usize,
        names: &'p [String],
        node: Node<'a>,
    ) -> Result<(), Failure> {
        let Value::Object(members) = node.value else {
            return self.absent(Absence::Object(at));
        };
        self.location.push(Step::Members(names));
        if at + 1 < self.path.tokens.len() {
            let location = Location(&self.location);
            return Err(Failure::Invalid(format!(
                "Multi properties can only be used as path leafs: {location}"
            )));
        }
        if self.requires_all && !names.iter().all(|name| members.contains_key(name)) {
            return self.absent(Absence::OneOfMembers);
        }
        let mut chosen = Object::builder();
        for (name, value) in names
            .iter()
            .filter_map(|name| Some((name, members.get(name)?)))
        {
            self.source.budget.spend_weight(value.weight())?;
            chosen.insert(name.as_str().into(), value.clone());
        }
        self.matches
            .push(Cow::Owned(Value::Object(chosen.finish())));
        Ok(())
    }

    /// The elements of an array, which an index needs.
    fn array(&self, at: usize, node: Node<'a>) -> Result<&'a [Value], Failure> {
        if let Value::Array(elements) = node.value {
            return Ok(elements);
        }
        if node.is_null() {
            return self.absent(Absence::Array);
        }
        Err(Failure::Invalid(format!(
            "Filter: {} can only be applied to arrays. Current context is: {node}",
            Fragments(&self.path.tokens[at..])
        )))
    }

    fn index(
        &mut self,
        at: usize,
        node: Node<'a>,
        index: impl FnOnce(i64) -> i64,
    ) -> Result<Node<'a>, Failure> {
        let elements = self.array(at, node)?;
        let index = index(length(elements));
        self.location.push(Step::Element(index));
        Ok(Node::element(elements, index))
    }

    fn elements<I: Iterator<Item = i64>>(
        &mut self,
        at: usize,
        node: Node<'a>,
        indexes: impl FnOnce(i64) -> I,
    ) -> Result<(), Failure> {
        let elements = self.array(at, node)?;
        for index in indexes(length(elements)) {
            self.branch(
                Some(Step::Element(index)),
                at + 1,
                Node::element(elements, index),
            )?;
        }
        Ok(())
    }

    /// A filter on an array tests its elements. On an object it tests the object.
    fn filtered(&mut self, at: usize, filter: &'p Filter, node: Node<'a>) -> Result<(), Failure> {
        let Value::Array(elements) = node.value else {
            return Err(Failure::Invalid(format!(
                "Filter: {} can not be applied to primitives. Current context is: {node}",
                Fragments(&self.path.tokens[at..])
            )));
        };
        for (index, value) in (0..).zip(elements) {
            if filter.accepts(Node::unwrapped(value), self.source)? {
                self.branch(Some(Step::Element(index)), at + 1, Node::root(value))?;
            }
        }
        Ok(())
    }

    fn wildcard(&mut self, at: usize, node: Node<'a>) -> Result<(), Failure> {
        match node.value {
            Value::Object(members) => members.iter().try_for_each(|(name, value)| {
                self.branch(Some(Step::Member(name)), at + 1, Node::unwrapped(value))
            }),
            Value::Array(elements) => (0..).zip(elements).try_for_each(|(index, value)| {
                self.branch_if_found(Step::Element(index), at + 1, Node::root(value))
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// An array wildcard, and nothing else, passes over elements that lack what follows.
    fn branch_if_found(
        &mut self,
        step: Step<'p>,
        at: usize,
        node: Node<'a>,
    ) -> Result<(), Failure> {
        let location = self.location.len();
        match self.branch(Some(step), at, node) {
            Err(Failure::NotFound(_)) => {
                self.location.truncate(location);
                Ok(())
            }
            result => result,
        }
    }

    fn explain(&self, absence: Absence) -> String {
        let location = Location(&self.location);
        match absence {
            Absence::Object(at) => {
                format!(
                    "Property {} not found in path {location}",
                    self.path.tokens[at]
                )
            }
            Absence::Array => format!("The path {location} is null"),
            Absence::LastMember => format!("No results for path: {location}"),
            Absence::InnerMember | Absence::OneOfMembers => {
                format!("Missing property in path {location}")
            }
        }
    }
}

fn length(elements: &[Value]) -> i64 {
    i64::try_from(elements.len()).unwrap_or(i64::MAX)
}

fn from_end(index: i32, length: i64) -> i64 {
    let index = i64::from(index);
    if index < 0 { length + index } else { index }
}

fn between(from: i32, to: i32, length: i64) -> std::ops::Range<i64> {
    if length == 0 {
        0..0
    } else {
        from.into()..i64::from(to).min(length)
    }
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::*;
    use crate::data::json_path::JsonPath;

    fn nested(levels: u32) -> Value {
        (0..levels).fold(json!("text"), |inner, _| json!([inner]))
    }

    #[test]
    fn a_definite_path_lends_what_it_finds() {
        let document = json!({ "a": [{ "b": "text" }] });
        let found = JsonPath::compile("$.a[0].b").unwrap();
        assert!(matches!(found.read(&document), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn the_deepest_document_is_read_to_its_end() {
        let document = nested(127);
        let found = JsonPath::compile("$..*")
            .unwrap()
            .read(&document)
            .unwrap()
            .into_owned();
        assert_eq!(found.as_array().map(<[Value]>::len), Some(127));
        let path = format!("${}", "[*]".repeat(127));
        assert_eq!(
            *JsonPath::compile(&path).unwrap().read(&document).unwrap(),
            json!(["text"])
        );
    }
}
