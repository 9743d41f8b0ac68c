//! Map states, in both modes.

use super::{
    Parser,
    distributed::{self, Mode},
    fields::Fields,
    states,
};
use crate::{
    definition::{Count, Items, Map, Percentage, StateKind},
    limits,
};

pub(super) fn map(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<StateKind> {
    const PROCESSORS: [&str; 2] = ["ItemProcessor", "Iterator"];
    fields.exactly_one(parser, &PROCESSORS);
    fields.at_most_one(parser, &["ItemSelector", "Parameters"]);
    let [current, former] = PROCESSORS;
    let processor = if fields.has(current) { current } else { former };
    let mut scope = fields.inner(parser, processor);
    let mode = scope.as_mut().map(|scope| distributed::mode(parser, scope));
    let distributed = distributed::parse(parser, fields, mode.unwrap_or(Mode::Inline));
    // The name for map runs may stand in an inline Map state, too.
    let label = distributed::label(parser, fields);
    let start_at = scope.and_then(|scope| parser.nested_scope(scope));
    let items = items(parser, fields);
    let selector = match fields.has("Parameters") {
        true => "Parameters",
        false => "ItemSelector",
    };
    let item_selector = fields.template(parser, selector);
    let max_concurrency = count(parser, fields, "MaxConcurrency", limits::INTEGER_MAX);
    let tolerated_count = count(parser, fields, "ToleratedFailureCount", limits::INTEGER_MAX);
    let tolerated_percentage = percentage(parser, fields, "ToleratedFailurePercentage");
    let work = states::work(parser, fields);
    Some(StateKind::Map(Box::new(Map {
        start_at: start_at?,
        items: items?,
        item_selector,
        max_concurrency: max_concurrency.unwrap_or(Count::Literal(0)),
        tolerated_count,
        tolerated_percentage,
        label,
        distributed,
        work: work?,
    })))
}

fn items(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Items> {
    if fields.has("ItemsPath") {
        return fields.reference(parser, "ItemsPath").map(Items::Path);
    }
    if fields.has_jsonata("Items") {
        return fields.jsonata(parser, "Items").map(Items::Jsonata);
    }
    if !fields.has("Items") {
        return Some(Items::Input);
    }
    fields.array(parser, "Items")?;
    fields.template(parser, "Items").map(Items::Template)
}

/// A number that is not negative: given, or read from the path of the field that is named so.
pub(super) fn count(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &str,
    max: u64,
) -> Option<Count> {
    let path = format!("{name}Path");
    fields.at_most_one(parser, &[name, &path]);
    if fields.has(&path) {
        return fields.reference_to_data(parser, &path).map(Count::Path);
    }
    if fields.has_jsonata(name) {
        return fields.jsonata(parser, name).map(Count::Jsonata);
    }
    fields.integer(parser, name, 0, max).map(Count::Literal)
}

fn percentage(parser: &mut Parser, fields: &mut Fields<'_>, name: &str) -> Option<Percentage> {
    let path = format!("{name}Path");
    fields.at_most_one(parser, &[name, &path]);
    if fields.has(&path) {
        let path = fields.reference_to_data(parser, &path);
        return path.map(Percentage::Path);
    }
    if fields.has_jsonata(name) {
        return fields.jsonata(parser, name).map(Percentage::Jsonata);
    }
    let percentage = fields.float(parser, name, 0.0, 100.0);
    percentage.map(Percentage::Literal)
}
