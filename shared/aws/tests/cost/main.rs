//! What executions cost: units as the table tells them, requests as they go out, dollars at list price.
//! `docs/cost.md` has what is counted here.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod account;
#[path = "../harness/mod.rs"]
mod harness;
mod prices;
mod report;
mod workloads;

use std::{process::ExitCode, sync::Arc};

use account::{Account, Bill};
use harness::{
    Emulator,
    payloads::{Draw, ratio},
};
use serde_json::{Value, json};
use workloads::BYTES;

/// Executions that are started at the same time: as many as a mapping hands over at once.
const BATCH: usize = 10;

/// One of a full batch, from its start to its end.
async fn one_of_ten(emulator: &Emulator, definition: &str) -> (Bill, usize) {
    let mut account = Account::new(emulator).await;
    let machine = account.create(definition).await;
    for index in 0..BATCH {
        let input = Draw::new(index as u64 + 1).order(BYTES);
        let ratio = ratio(&input.to_string());
        assert!((3.0..4.0).contains(&ratio), "{ratio}");
        account.start(&machine, &name(index), &input).await;
    }
    account.deliver().await;
    let bill = account.bill();
    for index in 0..BATCH {
        ends_as(&mut account, &name(index), "SUCCEEDED").await;
    }
    (bill.per(BATCH), account.stored_bytes().await / BATCH)
}

fn name(index: usize) -> String {
    format!("0b1f7a52-6a0c-4c7e-9d51-3f1f0f6b7a1{index}")
}

async fn ends_as(account: &mut Account, name: &str, status: &str) {
    let arn = format!("arn:aws:states:us-east-1:123456789012:execution:order-fulfilment:{name}");
    let described = account
        .request("DescribeExecution", &json!({ "executionArn": arn }))
        .await;
    assert_eq!(described["status"], status, "{described}");
}

/// Answers the tokens that there are, and those that come of it.
async fn answer_all(account: &mut Account) {
    loop {
        let tokens = account.tokens();
        if tokens.is_empty() {
            return;
        }
        for token in tokens {
            let answer = json!({ "taskToken": token, "output": "{\"approved\":true}" });
            account.request("SendTaskSuccess", &answer).await;
        }
        account.deliver().await;
    }
}

/// For so many tasks of four kilobytes, twice as many write units, and seven.
async fn executions_cost_what_is_promised(emulator: Arc<Emulator>) {
    for tasks in [1, 3, 5] {
        let (bill, _) = one_of_ten(&emulator, &workloads::chain(tasks, 0)).await;
        let promised = 2 * (tasks + 1) + 5;
        assert!(bill.write_units <= promised as f64, "{tasks}: {bill:?}");
        assert!(bill.sqs <= 1.3, "{tasks}: {bill:?}");
        assert!(bill.requests + bill.batches <= 1.2, "{tasks}: {bill:?}");
    }
}

async fn states_that_wait_for_nothing_are_free(emulator: Arc<Emulator>) {
    let (without, _) = one_of_ten(&emulator, &workloads::chain(2, 0)).await;
    let (with, _) = one_of_ten(&emulator, &workloads::chain(2, 5)).await;
    assert_eq!(with, without);
}

/// A bill for the start, one for the time in which somebody thinks about it, and one for the answer.
async fn approval(emulator: &Emulator) -> [Bill; 3] {
    let mut account = Account::new(emulator).await;
    let machine = account.create(&workloads::approval()).await;
    account.start(&machine, &name(0), &json!({})).await;
    account.deliver().await;
    let start = account.bill();
    account.deliver().await;
    let meanwhile = account.bill();
    answer_all(&mut account).await;
    let answer = account.bill();
    ends_as(&mut account, &name(0), "SUCCEEDED").await;
    [start, meanwhile, answer]
}

async fn waiting_for_an_answer_is_free(emulator: Arc<Emulator>) {
    let [_, meanwhile, _] = approval(&emulator).await;
    assert_eq!(meanwhile, Bill::default());
}

/// Items of a Map: of more than it works on at once, and of a large one.
const ITEMS: usize = 100;

/// `SEGNO_COST_ITEMS`, or 200.
#[allow(clippy::disallowed_methods, reason = "this is a test")]
fn items_max() -> usize {
    let given = std::env::var("SEGNO_COST_ITEMS").ok();
    given.map_or(2 * ITEMS, |text| text.parse().expect("it is a number"))
}

/// For each item of a Map over so many that waits for a token.
async fn per_item(emulator: &Emulator, items: usize) -> Bill {
    let mut account = Account::new(emulator).await;
    let machine = account.create(&workloads::approvals()).await;
    let items: Vec<Value> = (0..items).map(Value::from).collect();
    account
        .start(&machine, &name(0), &json!({ "items": items }))
        .await;
    account.deliver().await;
    answer_all(&mut account).await;
    ends_as(&mut account, &name(0), "SUCCEEDED").await;
    let mut bill = account.bill();
    // The question whether it has ended.
    bill.requests -= 1.0;
    bill.per(items.len())
}

async fn an_item_costs_the_same_however_many_there_are(emulator: Arc<Emulator>) {
    let few = per_item(&emulator, ITEMS).await;
    let many = per_item(&emulator, items_max()).await;
    for (few, many) in [
        (few.write_units, many.write_units),
        (few.read_units, many.read_units),
        (few.sqs, many.sqs),
    ] {
        assert!(many <= few * 1.1, "{few} of {ITEMS}, {many} of more");
    }
    // A checkpoint that is large is one, and is read for an answer.
    assert!(many.objects_read <= 1.2, "{many:?}");
}

/// A wait that the queue cannot delay, up to the moment when it waits.
async fn waited(emulator: &Emulator) -> Bill {
    let mut account = Account::new(emulator).await;
    let machine = account.create(&workloads::wait()).await;
    account.start(&machine, &name(0), &json!({})).await;
    account.deliver().await;
    account.bill()
}

async fn the_page_says_what_is_counted(emulator: Arc<Emulator>) {
    report::check(&emulator).await;
}

fn main() -> ExitCode {
    harness::run![
        executions_cost_what_is_promised,
        states_that_wait_for_nothing_are_free,
        waiting_for_an_answer_is_free,
        an_item_costs_the_same_however_many_there_are,
        the_page_says_what_is_counted,
    ]
}
