//! How many commits an execution takes that waits for nothing.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use segno_asl::definition::{StateName, Task};
use segno_engine::{
    Config, Engine, Invoker, Store, Unobserved, catalog::Machine, clock::SystemClock,
    config::Stride, invoker::Call, memory::MemoryStore, operations::StartRequest,
};
use segno_interpreter::{
    event::{Outcome, Timestamp},
    payload::Payload,
};

struct Nothing;

impl Invoker for Nothing {
    fn accepts(&self, _state: &StateName, _task: &Task) -> Result<(), String> {
        Ok(())
    }

    async fn invoke(&self, call: Call) -> Outcome {
        Ok(call.input)
    }
}

/// The commits of an execution, and the types of its history events.
async fn run(definition: &str, input: &str, stride: Stride) -> (u64, Vec<String>) {
    let config = Config {
        stride,
        ..Config::default()
    };
    let store = MemoryStore::default();
    let engine = Engine::configured(store, Nothing, SystemClock, config, Unobserved);
    let machine = Machine::new(
        "arn:aws:states:us-east-1:123456789012:stateMachine:m",
        "m",
        definition,
        "arn:aws:iam::123456789012:role/r",
        Timestamp(0),
    );
    let input = Payload::parse(input).unwrap();
    let request = StartRequest::new(machine, "one", input);
    let head = engine.run(request).await.unwrap();
    let store = engine.store();
    let commits = store.load(&head.key).await.unwrap().unwrap().number;
    let (history, _) = store.history(&head.key, 0, usize::MAX).await.unwrap();
    let types = history.iter().map(|event| event.detail.type_name());
    (commits, types.collect())
}

#[tokio::test]
async fn a_long_stride_takes_fewer_commits_and_changes_nothing_else() {
    let items: Vec<u32> = (0..1_000).collect();
    let input = serde_json::json!({ "items": items }).to_string();
    let map = r#"{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","End":true,
        "ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}"#;
    let (short, history) = run(map, &input, Stride::SHORT).await;
    let (long, same) = run(map, &input, Stride::LONG).await;
    assert_eq!(history, same);
    assert!(history.len() > 4_000, "{}", history.len());
    assert!(short > 15, "{short}");
    assert!(long <= 2, "{long}");
}

#[tokio::test]
async fn a_large_payload_that_is_made_anew_fits_into_few_commits() {
    let state = |next: &str| {
        let next = match next {
            "" => r#""End":true"#.to_owned(),
            next => format!(r#""Next":"{next}""#),
        };
        format!(r#"{{"Type":"Pass","Parameters":{{"all.$":"$"}},"OutputPath":"$.all",{next}}}"#)
    };
    let definition = format!(
        r#"{{"StartAt":"A","States":{{"A":{},"B":{},"C":{},"D":{}}}}}"#,
        state("B"),
        state("C"),
        state("D"),
        state("")
    );
    let input = serde_json::json!({ "text": "x".repeat(100_000) }).to_string();
    let (short, history) = run(&definition, &input, Stride::SHORT).await;
    let (long, same) = run(&definition, &input, Stride::LONG).await;
    assert_eq!(history, same);
    assert!(long <= short, "{long} {short}");
    assert_eq!(long, 1);
}
