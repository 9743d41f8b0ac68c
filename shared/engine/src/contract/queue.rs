//! The promises of [`Queue`], one function each, named by it.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "these functions are tests"
)]

use std::time::Duration;

use segno_interpreter::key::{ExecutionKey, Nonce};
use tokio::time::timeout;

use crate::queue::{Body, Message, Queue, Received};

/// Longer than the queue keeps a message from coming back.
fn until_it_comes_back(queue: &impl Queue) -> Duration {
    let visibility = queue.visibility().unwrap();
    visibility + Duration::from_secs(1)
}

fn wake(number: u64) -> Message {
    let execution = ExecutionKey {
        arn: "arn:aws:states:us-east-1:123456789012:execution:machine:one".into(),
        nonce: Nonce([1; 16]),
    };
    Message::new(execution, Body::Wake { number })
}

async fn one(queue: &impl Queue) -> Received {
    let received = timeout(until_it_comes_back(queue), queue.receive(10))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(received.len(), 1, "{received:?}");
    received.into_iter().next().unwrap()
}

async fn nothing_within(queue: &impl Queue, time: Duration) {
    let received = timeout(time, queue.receive(10)).await;
    assert!(received.is_err(), "{received:?}");
}

/// Nothing is added, and nothing is lost.
pub async fn a_message_is_received_as_it_was_sent(queue: impl Queue) {
    let sent = Message {
        is_recheck: true,
        ..wake(1)
    };
    queue.send(vec![sent.clone().now()]).await.unwrap();

    let received = one(&queue).await;

    assert_eq!(received.message, sent);
    assert_eq!(received.receives, 1);
}

/// It may come later.
pub async fn a_delayed_message_comes_no_earlier(queue: impl Queue) {
    let delay = Duration::from_secs(10);
    queue.send(vec![wake(1).after(delay)]).await.unwrap();

    nothing_within(&queue, Duration::from_secs(9)).await;
    assert_eq!(one(&queue).await.message, wake(1));
}

/// Whoever received it may be dead.
pub async fn a_message_comes_back_unless_it_is_deleted(queue: impl Queue) {
    queue.send(vec![wake(1).now()]).await.unwrap();
    let first = one(&queue).await;
    let again = one(&queue).await;
    assert_eq!((first.receives, again.receives), (1, 2));

    queue.delete(vec![again.receipt]).await.unwrap();

    nothing_within(&queue, until_it_comes_back(&queue)).await;
}

/// A commit bears what brought it about.
pub async fn a_message_is_recognised_when_it_comes_back(queue: impl Queue) {
    queue.send(vec![wake(1).now()]).await.unwrap();
    let first = one(&queue).await;
    let again = one(&queue).await;
    queue.send(vec![wake(1).now()]).await.unwrap();
    let other = one(&queue).await;

    assert_eq!(first.cause, again.cause);
    assert_ne!(first.cause, other.cause);
}

/// Whoever is still at it says so.
pub async fn an_extended_message_stays_away(queue: impl Queue) {
    queue.send(vec![wake(1).now()]).await.unwrap();
    let received = one(&queue).await;
    let visibility = queue.visibility().unwrap();
    for _ in 0..3 {
        nothing_within(&queue, visibility - Duration::from_secs(1)).await;
        queue.extend(vec![received.receipt.clone()]).await.unwrap();
    }
    assert_eq!(one(&queue).await.receives, 2);
}
