//! Infinite numbers, which JSON does not have: in a result they are the texts `Infinity` and
//! `-Infinity`, as Java writes them.
//!
//! The engine fails where arithmetic overflows. An expression that failed so is evaluated once more,
//! written so that arithmetic which goes into the result as it is, and nowhere else, says first
//! whether it overflows. Everywhere else an infinite number is an error of the language itself.

use jlens_core::{Node, NodeKind, ast::BinaryOp};
use serde_json::Value;

/// The code of what failed for an infinite number.
pub(super) const OUT_OF_RANGE: &str = "D1001";

/// An expression with its arithmetic written so; `None` if none of it goes into the result as it is.
pub(super) fn rewritten(text: &str, root: &Node) -> Option<String> {
    let mut arithmetic = Vec::new();
    collect(root, &mut arithmetic);
    if arithmetic.is_empty() {
        return None;
    }
    let (mut rewritten, mut end) = (String::with_capacity(text.len() * 2), 0);
    for Arithmetic { node, op, lhs, rhs } in arithmetic {
        let (symbol, lhs, rhs) = (op.symbol(), part(text, lhs)?, part(text, rhs)?);
        rewritten += text.get(end..node.span.start)?;
        rewritten += &format!(
            "($_l := {lhs}; $_r := {rhs}; $_o := $_overflow('{symbol}', $_l, $_r); \
             $_o ? $_o : $_l {symbol} $_r)"
        );
        end = node.span.end;
    }
    Some(rewritten + text.get(end..)?)
}

fn part<'t>(text: &'t str, node: &Node) -> Option<&'t str> {
    text.get(node.span.start..node.span.end)
}

struct Arithmetic<'a> {
    node: &'a Node,
    op: BinaryOp,
    lhs: &'a Node,
    rhs: &'a Node,
}

/// Finds the arithmetic whose outcome nothing sees but the result.
fn collect<'a>(node: &'a Node, found: &mut Vec<Arithmetic<'a>>) {
    let attributes = &node.attrs;
    let is_bare = attributes.stages.is_empty()
        && attributes.predicate.is_empty()
        && attributes.group.is_none();
    if !is_bare {
        return;
    }
    match &node.kind {
        NodeKind::Binary { op, lhs, rhs } => {
            use BinaryOp::{Add, Div, Mul, Sub};
            if let Add | Sub | Mul | Div = op {
                let op = *op;
                found.push(Arithmetic { node, op, lhs, rhs });
            }
        }
        NodeKind::Array { items } => items.iter().for_each(|item| collect(item, found)),
        NodeKind::Object { pairs } => {
            pairs.iter().for_each(|(_, value)| collect(value, found));
        }
        NodeKind::Block { exprs, .. } => {
            if let Some(last) = exprs.last() {
                collect(last, found);
            }
        }
        NodeKind::Condition {
            then, otherwise, ..
        } => {
            collect(then, found);
            if let Some(otherwise) = otherwise {
                collect(otherwise, found);
            }
        }
        _ => {}
    }
}

/// The text of what arithmetic comes to, if it overflows.
pub(super) fn overflow(arguments: &[Option<Value>]) -> Option<Value> {
    let symbol = arguments.first()?.as_ref()?.as_str()?;
    let number = |index: usize| arguments.get(index)?.as_ref()?.as_f64();
    let (left, right) = (number(1)?, number(2)?);
    let outcome = match symbol {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        _ => left / right,
    };
    match outcome {
        f64::INFINITY => Some("Infinity".into()),
        f64::NEG_INFINITY => Some("-Infinity".into()),
        _ => None,
    }
}
