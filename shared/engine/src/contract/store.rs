//! The promises of [`Store`], one function each, named by it.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "these functions are tests"
)]

use segno_interpreter::{
    checkpoint::{AttemptId, Checkpoint, FrameId, Status},
    event::Timestamp,
    history::{Detail, HistoryEvent},
    key::{ExecutionKey, Nonce},
    payload::{Payload, PayloadId},
    transition::Transition,
};

use crate::{
    catalog::Machine,
    queue::{Cause, Queue},
    store::{
        Commit, Created, Decision, End, EndStatus, Head, HeadQuery, Offer, Shown, Store, StoreError,
    },
};

const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:machine";

fn execution() -> ExecutionKey {
    key("one", 1)
}

fn key(name: &str, nonce: u8) -> ExecutionKey {
    ExecutionKey {
        arn: format!("arn:aws:states:us-east-1:123456789012:execution:machine:{name}"),
        nonce: Nonce([nonce; 16]),
    }
}

/// A transition that adds one history event with a payload of its own.
fn recording(id: u64) -> Transition {
    let payload = PayloadId(id);
    let mut checkpoint = Checkpoint::default();
    checkpoint.recorded = id;
    checkpoint.status = Status::Succeeded { output: payload };
    let detail = Detail::ExecutionSucceeded { output: payload };
    Transition {
        checkpoint,
        history: vec![HistoryEvent {
            id,
            previous_event_id: id - 1,
            at: Timestamp(0),
            detail,
        }],
        payloads: vec![(payload, number(id))],
        commands: vec![],
        has_moved: false,
    }
}

fn number(number: u64) -> Payload {
    Payload::parse(&format!("{{\"number\":{number}}}")).unwrap()
}

/// Writes a commit that a writer of its own makes.
async fn commit(store: &impl Store, number: u64, recorded: u64) -> Result<(), StoreError> {
    commit_by(
        store,
        number,
        recorded,
        100 + u8::try_from(recorded).unwrap(),
    )
    .await
}

async fn commit_by(
    store: &impl Store,
    number: u64,
    recorded: u64,
    writer: u8,
) -> Result<(), StoreError> {
    let transition = recording(recorded);
    let commit = Commit {
        number,
        writer: Nonce([writer; 16]),
        cause: Some(Cause(number + 70)),
        transition: &transition,
        shown: None,
    };
    store.commit(&execution(), &commit).await.map(|_| ())
}

fn machine() -> Machine {
    let role = "arn:aws:iam::123456789012:role/any";
    Machine::new(MACHINE, "machine", "{}", role, Timestamp(0))
}

fn head(name: &str, started_at: i64) -> Head {
    Head {
        key: key(name, 1),
        name: name.into(),
        machine: machine(),
        trace_header: Some("Root=1".into()),
        started_at: Timestamp(started_at),
        parent: None,
        shown: Shown::default(),
    }
}

async fn create(store: &impl Store, head: &Head) {
    let created = store.create_head(head, &number(0)).await.unwrap();
    assert!(matches!(created, Created::New(_)), "{created:?}");
}

fn ended(commit: u64, status: EndStatus, at: i64) -> Shown {
    let end = End {
        status,
        at: Timestamp(at),
        output: None,
        error: None,
    };
    Shown {
        commit,
        end: Some(end),
        ..Shown::default()
    }
}

fn attempt(number: u64) -> AttemptId {
    AttemptId {
        frame: FrameId(number + 10),
        number,
    }
}

/// A head row as it reads back: without the definition, which is stored beside.
fn stored(head: &Head) -> Head {
    let mut head = head.clone();
    head.machine.definition = "".into();
    head
}

fn names(heads: &[Head]) -> Vec<&str> {
    heads.iter().map(|head| head.name.as_str()).collect()
}

fn all(machine: &str) -> HeadQuery<'_> {
    HeadQuery {
        machine,
        status: None,
        after: None,
        limit: 10,
    }
}

/// What was never written is not there, and asking for it is no error.
pub async fn nothing_is_known_of_an_execution_without_commits(store: impl Store) {
    assert!(store.load(&execution()).await.unwrap().is_none());
    let (events, _) = store.history(&execution(), 0, 10).await.unwrap();
    assert!(events.is_empty());
    assert!(store.head(&execution().arn).await.unwrap().is_none());
    let input = store.payload(&execution(), PayloadId(0)).await.unwrap();
    assert!(input.is_none());
    assert!(store.heads(&all(MACHINE)).await.unwrap().is_empty());
}

/// The newest commit is what is loaded, with the payloads that its checkpoint refers to.
pub async fn a_commit_reads_back_with_its_payloads(store: impl Store) {
    commit(&store, 1, 1).await.unwrap();

    let loaded = store.load(&execution()).await.unwrap().unwrap();

    assert_eq!(loaded.number, 1);
    assert_eq!(loaded.cause, Some(Cause(71)));
    assert_eq!(loaded.checkpoint.recorded, 1);
    let output = loaded.checkpoint.payloads.get(PayloadId(1)).unwrap();
    assert_eq!(output.text(), r#"{"number":1}"#);
}

/// Two steps raced from the same commit: one wins, and the loser leaves no trace.
pub async fn a_stale_commit_conflicts_and_writes_nothing(store: impl Store) {
    commit(&store, 1, 1).await.unwrap();
    commit(&store, 2, 2).await.unwrap();

    for (number, recorded) in [(2, 9), (1, 9), (4, 9)] {
        let lost = commit(&store, number, recorded).await;
        assert!(matches!(lost, Err(StoreError::Conflict { .. })), "{lost:?}");
    }

    let loaded = store.load(&execution()).await.unwrap().unwrap();
    assert_eq!(loaded.checkpoint.recorded, 2);
    let (events, _) = store.history(&execution(), 0, 10).await.unwrap();
    assert_eq!(events.len(), 2);
}

/// The answer to a commit was lost, and its writer asks again: also if somebody else has made the next
/// one meanwhile.
pub async fn a_commit_that_its_writer_repeats_succeeds(store: impl Store) {
    commit_by(&store, 1, 1, 7).await.unwrap();
    commit_by(&store, 1, 1, 7).await.unwrap();
    commit_by(&store, 2, 2, 8).await.unwrap();
    commit_by(&store, 1, 1, 7).await.unwrap();

    let (events, _) = store.history(&execution(), 0, 10).await.unwrap();
    assert_eq!(events.len(), 2);
    let lost = commit_by(&store, 1, 1, 8).await;
    assert!(matches!(lost, Err(StoreError::Conflict { .. })), "{lost:?}");
}

/// A page starts after an id, has no more than was asked for, and is complete in itself.
pub async fn history_pages_are_in_order_and_have_their_payloads(store: impl Store) {
    for number in 1..=5 {
        commit(&store, number, number).await.unwrap();
    }

    let (page, payloads) = store.history(&execution(), 2, 2).await.unwrap();

    let ids: Vec<u64> = page.iter().map(|event| event.id).collect();
    assert_eq!(ids, [3, 4]);
    assert_eq!(
        payloads.get(PayloadId(4)).unwrap().text(),
        r#"{"number":4}"#
    );
}

/// The input is the payload with id 0, before there is any commit and after it.
pub async fn the_input_is_there_from_the_start(store: impl Store) {
    create(&store, &head("one", 1)).await;
    let input = store.payload(&execution(), PayloadId(0)).await.unwrap();
    assert_eq!(input.unwrap().text(), r#"{"number":0}"#);

    commit(&store, 1, 1).await.unwrap();
    let input = store.payload(&execution(), PayloadId(0)).await.unwrap();
    assert_eq!(input.unwrap().text(), r#"{"number":0}"#);
    let output = store.payload(&execution(), PayloadId(1)).await.unwrap();
    assert_eq!(output.unwrap().text(), r#"{"number":1}"#);
}

/// The second start of a name gets the first one's head row.
pub async fn a_name_is_taken_once(store: impl Store) {
    let first = head("one", 1);
    create(&store, &first).await;
    let other = Head {
        key: key("one", 2),
        ..head("one", 2)
    };

    let second = store.create_head(&other, &number(0)).await.unwrap();

    let Created::Existing(existing) = second else {
        panic!("{second:?}");
    };
    assert_eq!(stored(&existing), stored(&first));
    let read = store.head(&execution().arn).await.unwrap().unwrap();
    assert_eq!(stored(&read), stored(&first));
}

/// The answer to a start was lost, and its caller asks again.
pub async fn a_start_that_is_repeated_is_the_same_start(store: impl Store) {
    let head = head("one", 1);
    create(&store, &head).await;
    create(&store, &head).await;
}

/// A log belongs to a start, not to a name.
pub async fn a_name_that_is_used_again_does_not_meet_the_old_log(store: impl Store) {
    commit(&store, 1, 1).await.unwrap();

    assert!(store.load(&key("one", 2)).await.unwrap().is_none());
}

/// What an earlier commit said does not replace what a later one said.
pub async fn a_head_row_never_goes_back(store: impl Store) {
    create(&store, &head("one", 1)).await;
    let shown = [
        ended(3, EndStatus::Failed, 5),
        ended(2, EndStatus::Aborted, 4),
        Shown {
            commit: 4,
            redrives: 1,
            redriven_at: Some(Timestamp(6)),
            ..Shown::default()
        },
        ended(3, EndStatus::Failed, 5),
    ];
    for shown in &shown {
        store.update_head(&execution(), shown).await.unwrap();
    }

    let head = store.head(&execution().arn).await.unwrap().unwrap();
    assert_eq!(head.shown, shown[2]);
    assert_eq!(head.status(), "RUNNING");
}

/// If a commit says that it wrote the head row, it did. Where messages may be lost, each does.
pub async fn a_commit_may_write_the_head_row_along(store: impl Store + Queue) {
    create(&store, &head("one", 1)).await;
    let transition = recording(1);
    let mut shown = ended(1, EndStatus::Succeeded, 5);
    shown.end.as_mut().unwrap().output = Some(PayloadId(1));
    let commit = Commit {
        number: 1,
        writer: Nonce([7; 16]),
        cause: None,
        transition: &transition,
        shown: Some(&shown),
    };

    let committed = store.commit(&execution(), &commit).await.unwrap();

    if !committed.is_head_written {
        store.update_head(&execution(), &shown).await.unwrap();
    }
    let head = store.head(&execution().arn).await.unwrap().unwrap();
    assert_eq!(head.shown, shown);
    assert!(
        committed.is_head_written || store.is_durable(),
        "a redrive would be forgotten with the messages: its head row still shows the end"
    );
}

/// Executions of other machines are not in the list, and a page goes on where the last one ended.
pub async fn heads_are_listed_by_machine_newest_first(store: impl Store) {
    create(&store, &head("old", 1)).await;
    create(&store, &head("new", 3)).await;
    create(&store, &head("middle", 2)).await;
    let mut other = head("other", 3);
    other.machine.arn = "arn:aws:states:us-east-1:123456789012:stateMachine:other".into();
    create(&store, &other).await;

    let first = HeadQuery {
        limit: 2,
        ..all(MACHINE)
    };
    let page = store.heads(&first).await.unwrap();
    assert_eq!(names(&page), ["new", "middle"]);
    let cursor = page[1].cursor();
    let second = HeadQuery {
        after: Some(&cursor),
        ..first
    };
    assert_eq!(names(&store.heads(&second).await.unwrap()), ["old"]);
}

/// A list may be of one version, of one alias, of one status.
pub async fn heads_are_listed_by_version_alias_and_status(store: impl Store) {
    let (version, alias) = (format!("{MACHINE}:1"), format!("{MACHINE}:live"));
    let mut qualified = head("qualified", 1);
    qualified.machine.version_arn = Some(version.clone());
    qualified.machine.alias_arn = Some(alias.clone());
    create(&store, &qualified).await;
    create(&store, &head("plain", 2)).await;
    let shown = ended(1, EndStatus::Failed, 5);
    store.update_head(&key("plain", 1), &shown).await.unwrap();

    for machine in [&version, &alias] {
        let listed = store.heads(&all(machine)).await.unwrap();
        assert_eq!(names(&listed), ["qualified"]);
    }
    assert_eq!(store.heads(&all(MACHINE)).await.unwrap().len(), 2);
    for (status, name) in [("RUNNING", "qualified"), ("FAILED", "plain")] {
        let query = HeadQuery {
            status: Some(status),
            ..all(MACHINE)
        };
        assert_eq!(names(&store.heads(&query).await.unwrap()), [name]);
    }
}

/// An attempt that was answered cannot end otherwise, and the other way round.
pub async fn whoever_decides_first_has_decided(store: impl Store) {
    let answer = Decision::Answered(Ok(number(1)));
    let first = store
        .decide(&execution(), attempt(1), &answer)
        .await
        .unwrap();
    let second = store
        .decide(&execution(), attempt(1), &Decision::Closed(None))
        .await
        .unwrap();

    assert_eq!(first, Created::New(answer.clone()));
    assert_eq!(second, Created::Existing(answer));
}

/// A step reads what it does not know yet.
pub async fn decisions_are_listed_from_a_number_on(store: impl Store) {
    let failed = segno_asl::errors::StateError::new("Boom", "because");
    for (number, decision) in [
        (1, Decision::Closed(None)),
        (3, Decision::Answered(Err(failed.clone()))),
        (2, Decision::Closed(Some(failed.clone()))),
    ] {
        store
            .decide(&execution(), attempt(number), &decision)
            .await
            .unwrap();
    }

    let decisions = store.decisions(&execution(), 2).await.unwrap();

    let expected = [
        (attempt(2), Decision::Closed(Some(failed.clone()))),
        (attempt(3), Decision::Answered(Err(failed))),
    ];
    assert_eq!(decisions, expected);
}

/// Beats may come in any order.
pub async fn the_latest_beat_counts(store: impl Store) {
    let last = store.last_beat(&execution(), attempt(1)).await.unwrap();
    assert_eq!(last, None);
    for at in [5, 9, 7] {
        store
            .beat(&execution(), attempt(1), Timestamp(at))
            .await
            .unwrap();
    }

    let last = store.last_beat(&execution(), attempt(1)).await.unwrap();
    assert_eq!(last, Some(Timestamp(9)));
}

/// One write for all claims of a holder.
pub async fn claims_are_extended_by_holder(store: impl Store) {
    assert_eq!(store.claims_until("worker").await.unwrap(), None);
    store.renew_claims("worker", Timestamp(5)).await.unwrap();
    store.renew_claims("worker", Timestamp(9)).await.unwrap();

    let until = store.claims_until("worker").await.unwrap();
    assert_eq!(until, Some(Timestamp(9)));
}

/// The oldest offer is the first, and offering it again does not make it two.
pub async fn offers_wait_in_order_until_they_are_withdrawn(store: impl Store) {
    let offer = |number| Offer {
        activity: "approve".into(),
        execution: execution(),
        attempt: attempt(number),
    };
    for number in [2, 1, 2, 3] {
        store.offer(&offer(number)).await.unwrap();
    }
    store.withdraw(&offer(1)).await.unwrap();

    let offers = store.offers("approve", 10).await.unwrap();
    assert_eq!(offers, [offer(2), offer(3)]);
    assert!(store.offers("other", 10).await.unwrap().is_empty());
}

/// Nothing of an expired execution is left, and its name is free; an open one stays.
pub async fn what_has_expired_is_gone_whole(store: impl Store) {
    create(&store, &head("one", 1)).await;
    create(&store, &head("open", 1)).await;
    commit(&store, 1, 1).await.unwrap();
    let shown = ended(1, EndStatus::Succeeded, 5);
    store.update_head(&execution(), &shown).await.unwrap();

    assert_eq!(store.expire(Timestamp(5), 10).await.unwrap(), 0);
    assert_eq!(store.expire(Timestamp(6), 10).await.unwrap(), 1);

    assert!(store.head(&execution().arn).await.unwrap().is_none());
    assert!(store.load(&execution()).await.unwrap().is_none());
    let input = store.payload(&execution(), PayloadId(0)).await.unwrap();
    assert!(input.is_none());
    let listed = store.heads(&all(MACHINE)).await.unwrap();
    assert_eq!(names(&listed), ["open"]);
    create(&store, &head("one", 9)).await;
}

/// What has ended is not among them, and what was redriven is again.
pub async fn open_executions_are_listed_in_pages(store: impl Store) {
    for name in ["a", "b", "c", "d"] {
        create(&store, &head(name, 1)).await;
    }
    let failed = ended(1, EndStatus::Failed, 5);
    for name in ["b", "c"] {
        store.update_head(&key(name, 1), &failed).await.unwrap();
    }
    let redriven = Shown {
        commit: 2,
        redrives: 1,
        ..Shown::default()
    };
    store.update_head(&key("c", 1), &redriven).await.unwrap();

    let first = store.open_executions(None, 2).await.unwrap();
    let after = first.last().unwrap().arn.clone();
    let second = store.open_executions(Some(&after), 2).await.unwrap();

    let mut open = [first, second].concat();
    open.sort();
    assert_eq!(open, [key("a", 1), key("c", 1), key("d", 1)]);
}
