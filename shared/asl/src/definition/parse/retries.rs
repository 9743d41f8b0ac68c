//! `Retry` and `Catch`.

use std::time::Duration;

use serde_json::Value;

use super::{Parser, fields::Fields, language};
use crate::{
    definition::StateName,
    errors::{Catcher, ErrorPattern, Jitter, Retrier, names},
    jsonata::Offered,
    limits,
};

pub(super) fn retry(parser: &mut Parser, fields: &mut Fields<'_>) -> Vec<Retrier> {
    entries(parser, fields, "Retry", retrier)
}

pub(super) fn catch(parser: &mut Parser, fields: &mut Fields<'_>) -> Vec<Catcher> {
    entries(parser, fields, "Catch", catcher)
}

fn entries<T>(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &str,
    parse: fn(&mut Parser, Fields<'_>, is_last: bool) -> Option<T>,
) -> Vec<T> {
    let values = fields.array(parser, name).unwrap_or_default();
    let entries = fields.elements(parser, name, values);
    let count = entries.len();
    let entries = entries.into_iter().enumerate();
    entries
        .filter_map(|(index, entry)| parse(parser, entry, index + 1 == count))
        .collect()
}

fn retrier(parser: &mut Parser, mut fields: Fields<'_>, is_last: bool) -> Option<Retrier> {
    fields.ignore(&["Comment"]);
    let error_equals = error_equals(parser, &mut fields, is_last);
    let interval = fields.integer(parser, "IntervalSeconds", 0, limits::SECONDS_MAX);
    let max_attempts = fields.integer(parser, "MaxAttempts", 0, limits::RETRIES_MAX);
    let backoff_rate = fields.float(parser, "BackoffRate", 1.0, f64::MAX);
    let max_delay = fields.integer(
        parser,
        "MaxDelaySeconds",
        1,
        limits::RETRY_DELAY_SECONDS_MAX,
    );
    let strategies = [("NONE", Jitter::None), ("FULL", Jitter::Full)];
    let jitter = fields.word(parser, "JitterStrategy", &strategies);
    fields.finish(parser);
    Some(Retrier {
        error_equals: error_equals?,
        interval: Duration::from_secs(interval.unwrap_or(1)),
        max_attempts: u32::try_from(max_attempts.unwrap_or(3)).expect("bounded above"),
        backoff_rate: backoff_rate.unwrap_or(2.0),
        max_delay: max_delay.map(Duration::from_secs),
        jitter: jitter.unwrap_or(Jitter::None),
    })
}

fn catcher(parser: &mut Parser, mut fields: Fields<'_>, is_last: bool) -> Option<Catcher> {
    fields.ignore(&["Comment"]);
    language::refuse_foreign(parser, &mut fields);
    fields.offer(Offered::ErrorOutput);
    fields.require(parser, &["Next"]);
    let error_equals = error_equals(parser, &mut fields, is_last);
    let next = fields.string(parser, "Next").map(StateName::from);
    let result_path = fields.result_path(parser);
    let output = fields.template(parser, "Output");
    let assign = super::variables::assign(parser, &mut fields);
    fields.finish(parser);
    Some(Catcher {
        error_equals: error_equals?,
        next: next?,
        result_path,
        output,
        assign,
    })
}

fn error_equals(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    is_last: bool,
) -> Option<Vec<ErrorPattern>> {
    fields.require(parser, &["ErrorEquals"]);
    let values = fields.filled_array(parser, "ErrorEquals")?;
    let at = fields.at_field("ErrorEquals");
    let mut patterns = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        match value {
            Value::String(name) if name == names::ALL && (values.len() > 1 || !is_last) => {
                let message = "States.ALL must appear alone and at end of list";
                parser.refuse(&at.element(index), message);
            }
            Value::String(name) => patterns.push(ErrorPattern(name.clone())),
            _ => parser.expected(&at.element(index), "String"),
        }
    }
    Some(patterns)
}
