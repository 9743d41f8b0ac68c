//! The places at which a process may die: between which two of its effects that is.

use std::collections::BTreeMap;

use segno_tests::sim::world::Deathbed;

/// A place at which a process may die.
pub(crate) struct Point {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The last thing that the process has changed; `None`: anything.
    last: Option<&'static str>,
    /// What it would have changed next; `None`: anything.
    next: Option<&'static str>,
    /// Whether another process has died before.
    is_in_recovery: bool,
}

const fn before(name: &'static str, next: &'static str) -> Point {
    Point {
        name,
        last: None,
        next: Some(next),
        is_in_recovery: false,
    }
}

const fn after(name: &'static str, last: &'static str) -> Point {
    Point {
        name,
        last: Some(last),
        next: None,
        is_in_recovery: false,
    }
}

const fn between(name: &'static str, last: &'static str, next: &'static str) -> Point {
    Point {
        name,
        last: Some(last),
        next: Some(next),
        is_in_recovery: false,
    }
}

const fn again(point: Point) -> Point {
    Point {
        is_in_recovery: true,
        ..point
    }
}

/// All of them.
pub(crate) const POINTS: [Point; 63] = [
    before("start: before its message", "send Start"),
    before("start: before its head row", "create head"),
    between(
        "start: after its message, before its head row",
        "send Start",
        "create head",
    ),
    between(
        "start: after its head row, before its message",
        "create head",
        "send Start",
    ),
    between(
        "start: after its head row, before the first commit",
        "create head",
        "commit",
    ),
    before("commit: before it", "commit"),
    after("commit: after it", "commit"),
    between(
        "call: after the commit of its claim, before it",
        "commit",
        "begin call",
    ),
    between("call: while it is made", "begin call", "end call"),
    between("call: after it, before its commit", "end call", "commit"),
    before("job: before a poll", "poll"),
    between("job: after a poll, before its commit", "poll", "commit"),
    between(
        "job: after the commit that asks for a poll, before it",
        "commit",
        "poll",
    ),
    before("job: before it is cancelled", "cancel job"),
    between(
        "job: after it is cancelled, before the commit of that",
        "cancel job",
        "commit",
    ),
    again(before("again: before a poll", "poll")),
    before("head row: before it", "update head"),
    after("head row: after it", "update head"),
    between(
        "head row: after the commit, before it",
        "commit",
        "update head",
    ),
    between(
        "parent: after the head row, before it is told",
        "update head",
        "send ChildEnded",
    ),
    between(
        "parent: after the commit, before it is told",
        "commit",
        "send ChildEnded",
    ),
    after("parent: after it is told", "send ChildEnded"),
    before("status: before it is told", "tell"),
    between(
        "status: after the commit, before it is told",
        "commit",
        "tell",
    ),
    between(
        "status: after it is told, before the message goes",
        "tell",
        "delete",
    ),
    before("wake-up: before it is sent", "send Wake"),
    between(
        "wake-up: after its commit, before it is sent",
        "commit",
        "send Wake",
    ),
    between(
        "wake-up: after it is sent, before the message goes",
        "send Wake",
        "delete",
    ),
    before("message: before it is deleted", "delete"),
    after("message: after it is deleted", "delete"),
    before("message: before it is kept", "extend"),
    before("claims: before they are renewed", "renew claims"),
    after("claims: after they are renewed", "renew claims"),
    before("answer: before it is put", "decide Answered"),
    between(
        "answer: after it is put, before its message",
        "decide Answered",
        "send Answered",
    ),
    after("answer: after its message", "send Answered"),
    before("time-out: before it is decided", "decide Closed"),
    between(
        "time-out: after it is decided, before its commit",
        "decide Closed",
        "commit",
    ),
    before("beat: before it is put down", "beat"),
    before("activity: before it is offered", "offer"),
    after("activity: after it is offered", "offer"),
    between(
        "activity: after the nudge, before its commit",
        "send Look",
        "commit",
    ),
    between(
        "activity: after its commit, before the offer goes",
        "commit",
        "withdraw",
    ),
    between(
        "activity: after the offer is gone, before the wake-up",
        "withdraw",
        "send Wake",
    ),
    before("stop: before its message", "send Stop"),
    between(
        "stop: after its message, before its commit",
        "send Stop",
        "commit",
    ),
    between(
        "stop: after its commit, before the child is stopped",
        "commit",
        "send Stop",
    ),
    before("redrive: before its message", "send Redrive"),
    between(
        "redrive: after its message, before its commit",
        "send Redrive",
        "commit",
    ),
    again(after("again: before anything is done", "nothing")),
    again(before("again: before the start's message", "send Start")),
    again(before("again: before the head row", "create head")),
    again(before("again: before a commit", "commit")),
    again(after("again: after a commit", "commit")),
    again(before("again: before a call", "begin call")),
    again(before("again: after a call", "end call")),
    again(before("again: before an end is shown", "update head")),
    again(before(
        "again: before the parent is told",
        "send ChildEnded",
    )),
    again(before("again: before a status is told", "tell")),
    again(before("again: before the wake-up", "send Wake")),
    again(before("again: before an answer is put", "decide Answered")),
    again(before("again: before a redrive's message", "send Redrive")),
    again(before("again: before a message is deleted", "delete")),
];

impl Point {
    fn is_at(&self, deathbed: &Deathbed) -> bool {
        self.is_in_recovery == deathbed.is_in_recovery
            && self.last.is_none_or(|last| last == deathbed.last)
            && self.next.is_none_or(|next| next == deathbed.next)
    }

    /// How often a process has died there.
    pub(crate) fn hits(&self, deathbeds: &BTreeMap<Deathbed, u64>) -> u64 {
        let here = deathbeds
            .iter()
            .filter(|(deathbed, _)| self.is_at(deathbed));
        here.map(|(_, times)| times).sum()
    }
}
