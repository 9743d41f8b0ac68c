//! `Retry` and `Catch`.

use std::time::Duration;

use serde_json::Value;

use super::{Parser, fields::Fields, language};
use crate::{
    definition::{StateName, codes},
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
    let Some((values, at)) = fields.array(parser, name) else {
        return Vec::new();
    };
    let mut parsed = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        match value {
            Value::Object(object) => {
                let entry = fields.element(object, name, index);
                parsed.extend(parse(parser, entry, index + 1 == values.len()));
            }
            _ => {
                let at = format!("{at}/{index}");
                parser.error(codes::SCHEMA, at, "Expected value of type Object");
            }
        }
    }
    parsed
}

fn retrier(parser: &mut Parser, mut fields: Fields<'_>, is_last: bool) -> Option<Retrier> {
    fields.ignore(&["Comment"]);
    let error_equals = error_equals(parser, &mut fields, is_last);
    let interval = fields.positive(parser, "IntervalSeconds").unwrap_or(1);
    let max_attempts = fields.natural(parser, "MaxAttempts").unwrap_or(3);
    let backoff_rate = backoff_rate(parser, &mut fields);
    let max_delay = fields.whole(
        parser,
        "MaxDelaySeconds",
        1,
        limits::RETRY_DELAY_SECONDS_MAX,
    );
    let jitter = jitter(parser, &mut fields);
    fields.finish(parser);
    Some(Retrier {
        error_equals: error_equals?,
        interval: Duration::from_secs(interval),
        max_attempts: u32::try_from(max_attempts).expect("bounded by `natural`"),
        backoff_rate,
        max_delay: max_delay.map(Duration::from_secs),
        jitter,
    })
}

fn backoff_rate(parser: &mut Parser, fields: &mut Fields<'_>) -> f64 {
    let rate = fields.number(parser, "BackoffRate").unwrap_or(2.0);
    if rate < 1.0 {
        let at = fields.at_field("BackoffRate");
        parser.error(
            codes::SCHEMA,
            at,
            "Value must be greater than or equal to 1.0",
        );
    }
    rate
}

fn jitter(parser: &mut Parser, fields: &mut Fields<'_>) -> Jitter {
    match fields.string(parser, "JitterStrategy") {
        None | Some("NONE") => Jitter::None,
        Some("FULL") => Jitter::Full,
        Some(_) => {
            let at = fields.at_field("JitterStrategy");
            let message =
                "The field 'JitterStrategy' should have one of these values: [FULL, NONE]";
            parser.error(codes::SCHEMA, at, message);
            Jitter::None
        }
    }
}

fn catcher(parser: &mut Parser, mut fields: Fields<'_>, is_last: bool) -> Option<Catcher> {
    fields.ignore(&["Comment"]);
    language::refuse_foreign(parser, &mut fields);
    fields.offer(Offered::ErrorOutput);
    let error_equals = error_equals(parser, &mut fields, is_last);
    fields.require(parser, "Next");
    let next = fields.string(parser, "Next").map(StateName::from);
    let result_path = fields.result_path(parser);
    let output = fields.template(parser, "Output");
    let assign = fields.assign(parser);
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
    fields.require(parser, "ErrorEquals");
    let (values, at) = fields.array(parser, "ErrorEquals")?;
    let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    if names.is_empty() || names.len() < values.len() {
        parser.error(
            codes::SCHEMA,
            at,
            "Value must be a non-empty array of strings",
        );
        return None;
    }
    if names.contains(&names::ALL) && (names.len() > 1 || !is_last) {
        let message = "States.ALL must appear alone, and in the last entry";
        parser.error(codes::SCHEMA, at, message);
        return None;
    }
    Some(
        names
            .into_iter()
            .map(|name| ErrorPattern(name.into()))
            .collect(),
    )
}
