//! `docs/cost.md`, made of what is counted.

use std::{fmt::Write, fs};

use segno_tests::repository;

use crate::{
    BATCH, ITEMS,
    account::Bill,
    approval,
    harness::Emulator,
    one_of_ten, per_item,
    prices::{self, MEMORY_GIGABYTES},
    waited, workloads,
};

const DOCUMENT: &str = "docs/cost.md";

const INTRODUCTION: &str = "\
# What an execution costs

In your account you pay AWS for what an execution writes, sends and computes, and nothing while nothing happens. This page is
made by `shared/aws/tests/cost`: it counts what the table says that it consumed, our requests as they go out, and those that
the event source mapping makes. Inputs and results have 4 KB of JSON, which zstd makes three to four times smaller, and a result
is what `lambda:invoke` returns. Your own functions are paid for either way, and are not in it.
";

/// How long each of three tasks takes, and what that is called.
const TASKS: [(f64, &str); 4] = [
    (0.1, "100 ms"),
    (1.0, "1 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
];

/// Transitions of the order process on AWS: its states, and the start.
const TRANSITIONS: usize = 8;

/// How many times dearer AWS Standard must be at least for the order process.
const PROMISED: f64 = 18.0;

/// Fails if the page says something else.
pub(crate) async fn check(emulator: &Emulator) {
    let expected = document(emulator).await;
    let path = repository(DOCUMENT);
    if fs::read_to_string(&path).unwrap_or_default() == expected {
        return;
    }
    fs::write(repository("target/cost.md"), expected).unwrap();
    panic!("{DOCUMENT} is out of date: cp target/cost.md {DOCUMENT}");
}

async fn document(emulator: &Emulator) -> String {
    let mut text = INTRODUCTION.to_owned();
    counts(&mut text, emulator).await;
    let (bill, bytes) = one_of_ten(emulator, &workloads::order()).await;
    order(&mut text, &bill, bytes);
    waiting(&mut text, &bill);
    text
}

async fn counts(text: &mut String, emulator: &Emulator) {
    text.push_str(
        "\n## Counted, for an execution\n\n\
         | | write units | read units | SQS requests | invocations | objects put | read |\n|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for tasks in [1, 3, 5] {
        let (bill, _) = one_of_ten(emulator, &workloads::chain(tasks, 0)).await;
        let plural = if tasks == 1 { "" } else { "s" };
        prices::row(text, &format!("{tasks} task{plural}"), &bill);
    }
    let (bill, _) = one_of_ten(emulator, &workloads::chain(3, 10)).await;
    prices::row(
        text,
        "3 tasks, and ten Pass and Choice states after each",
        &bill,
    );
    let [start, meanwhile, answer] = approval(emulator).await;
    prices::row(text, "alone, up to a task that waits for its token", &start);
    prices::row(text, "while it waits", &meanwhile);
    prices::row(text, "its answer, and the end", &answer);
    prices::row(
        text,
        "each item of a Map whose items wait for tokens",
        &per_item(emulator, ITEMS).await,
    );
    prices::row(
        text,
        "alone, up to a wait of a day",
        &waited(emulator).await,
    );
    writeln!(
        text,
        "\nExecutions are started {BATCH} at a time and come in one batch of the queue, unless they are said to be alone. A \
         synchronous\nExpress execution is one invocation and nothing else."
    )
    .unwrap();
}

fn order(text: &mut String, bill: &Bill, bytes: usize) {
    let waiting = 3.0 * TASKS[0].0;
    let standard = prices::standard(TRANSITIONS);
    let (alone, shared) = (
        prices::dollars(bill, waiting, 1.0),
        prices::dollars(bill, waiting, BATCH as f64),
    );
    // Times and ids are compressed a little better or worse each time.
    let kilobytes = (bytes as f64 / 100.0).round() / 10.0;
    let month = prices::stored(kilobytes);
    assert!(
        standard / shared >= PROMISED,
        "{shared} dollars, {standard} on AWS"
    );
    write!(
        text,
        "
## In dollars

A million executions of an order process of {TRANSITIONS} transitions, three of which are tasks of 100 ms, at the list price of \
us-east-1 without a free
tier: on demand, arm64, functions of {memory} MB, 20 ms of work for an invocation, and a request of the HTTP API for each start.

| | dollars | Step Functions Standard is |
|---|--:|--:|
| executions share invocations, ten in each | {shared:.2} | {shared_ratio:.1} times dearer |
| each is alone in its invocation | {alone:.2} | {alone_ratio:.1} times dearer |
| Step Functions Standard | {standard:.2} | |

What is kept after they have closed costs {month:.2} dollars a month ({kilobytes} KB each). Standard keeps it for 90 days at no \
charge; with
`RetentionDays: 90` a million executions cost {kept:.2} dollars in all, and Standard is {kept_ratio:.1} times dearer. With \
`RetentionDays: 7` it is {short_ratio:.1} times.
",
        memory = MEMORY_GIGABYTES * 1024.0,
        shared_ratio = standard / shared,
        alone_ratio = standard / alone,
        kept = shared + 3.0 * month,
        kept_ratio = standard / (shared + 3.0 * month),
        short_ratio = standard / (shared + month * 7.0 / 30.0),
    )
    .unwrap();
}

fn waiting(text: &mut String, bill: &Bill) {
    text.push_str(
        "
## Who waits for tasks

An invocation waits for the tasks that it called, and Lambda bills that. Executions share it: an invocation takes what its
batch has, and receives further messages while it waits, up to a hundred executions. The same order process in dollars for a
million executions, by how long each of its three tasks takes:

| a task takes | alone | ten share | a hundred share | Standard | Express |
|---|--:|--:|--:|--:|--:|
",
    );
    let standard = prices::standard(TRANSITIONS);
    for (seconds, what) in TASKS {
        let waiting = 3.0 * seconds;
        let [alone, ten, hundred] =
            [1.0, 10.0, 100.0].map(|sharing| prices::dollars(bill, waiting, sharing));
        let express = match waiting <= 300.0 {
            true => format!("{:.2}", prices::express(waiting)),
            false => "ends after 5 min".into(),
        };
        writeln!(
            text,
            "| {what} | {alone:.2} | {ten:.2} | {hundred:.2} | {standard:.2} | {express} |"
        )
        .unwrap();
    }
    let (base, second) = (
        prices::dollars(bill, 0.0, 1.0),
        prices::dollars(bill, 1.0, 1.0) - prices::dollars(bill, 0.0, 1.0),
    );
    let even = (standard - base) / second / 3.0;
    write!(
        text,
        "
So, in plain words:

- **Standard is cheaper** where a task takes longer than {even:.0} seconds in an execution that is alone. Let such a task answer
  by its token (`.waitForTaskToken`), or be a job (`.sync`): nothing runs meanwhile, and nothing is billed.
- **Express is cheaper** where a workflow is over within seconds and nobody has to know afterwards what happened. With logs of
  level ALL it is dearer.
- An account in which nothing runs pays for the polls of two queues and the schedule of a minute: less than two dollars a month.
"
    )
    .unwrap();
}
