//! `..`: everywhere.

use super::Token;
use super::place::{Node, Step};
use super::read::{Failure, Reading};
use crate::data::value::Value;

impl<'p, 'a: 'p> Reading<'p, 'a> {
    /// Applies token `at` to `node` and to all that is in it, outer before inner.
    pub(super) fn scan(&mut self, at: usize, node: Node<'a>) -> Result<(), Failure> {
        self.source.budget.spend_steps(1)?;
        match node.value {
            Value::Object(members) => {
                if self.scan_stops(at, node)? {
                    self.branch(None, at, node)?;
                }
                members.iter().try_for_each(|(name, value)| {
                    let step = Some(Step::Member(name));
                    self.within(step, |reading| reading.scan(at, Node::unwrapped(value)))
                })
            }
            Value::Array(elements) => {
                if self.scan_stops(at, node)? {
                    self.scan_array(at, node, elements)?;
                }
                (0..).zip(elements).try_for_each(|(index, value)| {
                    let step = Some(Step::Element(index));
                    self.within(step, |reading| reading.scan(at, Node::unwrapped(value)))
                })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// On an array, a token that is not the last counts as `[*]`: `$..[0].a` is `.a` of every
    /// element of every array.
    fn scan_array(
        &mut self,
        at: usize,
        node: Node<'a>,
        elements: &'a [Value],
    ) -> Result<(), Failure> {
        if at + 1 == self.path.tokens.len() {
            return self.branch(None, at, node);
        }
        (0..).zip(elements).try_for_each(|(index, value)| {
            self.branch(Some(Step::Element(index)), at + 1, Node::unwrapped(value))
        })
    }

    /// Whether a scan applies token `at` to an array or object.
    fn scan_stops(&self, at: usize, node: Node<'a>) -> Result<bool, Failure> {
        Ok(match &self.path.tokens[at] {
            Token::Root | Token::Scan => false,
            Token::Wildcard => true,
            Token::Property(name) => node.value.get(name).is_some(),
            Token::Properties(names) => {
                let has_member = |name: &String| node.value.get(name).is_some();
                node.value.is_object() && names.iter().all(has_member)
            }
            Token::Index(_)
            | Token::FromEnd(_)
            | Token::Indexes(_)
            | Token::From(_)
            | Token::To(_)
            | Token::Between(..) => node.value.is_array(),
            Token::Filter(filter) => filter.accepts(node, self.source)?,
        })
    }
}
