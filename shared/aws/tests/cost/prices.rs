//! What is billed, in dollars at list price, and beside AWS Step Functions.

use std::fmt::Write;

use crate::account::Bill;

/// Dollars for a million of each, in us-east-1, on demand and without a free tier.
///
/// AWS: the pages of prices of [DynamoDB](https://aws.amazon.com/dynamodb/pricing/on-demand/),
/// [SQS](https://aws.amazon.com/sqs/pricing/), [Lambda](https://aws.amazon.com/lambda/pricing/),
/// [S3](https://aws.amazon.com/s3/pricing/), [API Gateway](https://aws.amazon.com/api-gateway/pricing/) and
/// [Step Functions](https://aws.amazon.com/step-functions/pricing/).
mod list {
    pub(super) const WRITE_UNIT: f64 = 0.625;
    pub(super) const READ_UNIT: f64 = 0.125;
    pub(super) const SQS_REQUEST: f64 = 0.40;
    pub(super) const OBJECT_PUT: f64 = 5.0;
    pub(super) const OBJECT_GET: f64 = 0.40;
    pub(super) const INVOCATION: f64 = 0.20;
    pub(super) const HTTP_API_REQUEST: f64 = 1.00;
    /// Of Lambda on arm64.
    pub(super) const GIGABYTE_SECOND: f64 = 13.3334;
    /// A gigabyte of DynamoDB for a month: a kilobyte of each of a million executions.
    pub(super) const GIGABYTE_MONTH: f64 = 0.25;
    pub(super) const TRANSITION: f64 = 25.0;
    pub(super) const EXPRESS_REQUEST: f64 = 1.0;
    pub(super) const EXPRESS_GIGABYTE_SECOND: f64 = 16.6667;
}

/// Memory of the functions, as the template has it.
pub(crate) const MEMORY_GIGABYTES: f64 = 0.5;

/// What is taken for the time that an invocation of ours works, beside waiting for tasks.
const WORKING_SECONDS: f64 = 0.02;

const EXPRESS_MEMORY_GIGABYTES: f64 = 0.0625;

/// Dollars for a million executions, without what is stored.
///
/// `waiting_seconds` is how long an invocation waits for tasks of an execution, which it shares with as
/// many executions as `sharing` says.
pub(crate) fn dollars(bill: &Bill, waiting_seconds: f64, sharing: f64) -> f64 {
    let working = (bill.requests + bill.batches) * WORKING_SECONDS;
    let seconds = working + waiting_seconds / sharing;
    bill.write_units * list::WRITE_UNIT
        + bill.read_units * list::READ_UNIT
        + bill.sqs * list::SQS_REQUEST
        + bill.objects * list::OBJECT_PUT
        + bill.objects_read * list::OBJECT_GET
        + (bill.requests + bill.batches) * list::INVOCATION
        + bill.requests * list::HTTP_API_REQUEST
        + seconds * MEMORY_GIGABYTES * list::GIGABYTE_SECOND
}

/// Dollars for keeping so many kilobytes of each of a million executions for a month.
pub(crate) fn stored(kilobytes: f64) -> f64 {
    kilobytes * list::GIGABYTE_MONTH
}

pub(crate) fn standard(transitions: usize) -> f64 {
    transitions as f64 * list::TRANSITION
}

/// Without logs, which make it durable in no sense, but visible.
pub(crate) fn express(seconds: f64) -> f64 {
    list::EXPRESS_REQUEST + seconds * EXPRESS_MEMORY_GIGABYTES * list::EXPRESS_GIGABYTE_SECOND
}

/// One line of counts.
pub(crate) fn row(table: &mut String, what: &str, bill: &Bill) {
    let count = |count: f64| {
        let text = format!("{count:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    writeln!(
        table,
        "| {what} | {} | {} | {} | {} | {} | {} |",
        count(bill.write_units),
        count(bill.read_units),
        count(bill.sqs),
        count(bill.requests + bill.batches),
        count(bill.objects),
        count(bill.objects_read),
    )
    .unwrap();
}
