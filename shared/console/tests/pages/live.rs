//! What a page is told while an execution goes on, and how much that is.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    fake::{EXECUTION, Fake},
    get_path, polling,
};

/// Bytes that one history event may send to a page, where the names of states are short.
const BYTES_MAX: usize = 2_048;

/// What a page is told that was made with the first `seen` history events, if there are `count` of them.
fn news(fake: &Fake, seen: usize, count: usize, view: &str) -> Value {
    let mut fake = fake.clone();
    fake.keep(count);
    let path = format!("/console/executions/{EXECUTION}/news");
    let answer = get_path(fake, &path, &format!("seen={seen}{view}"));
    assert_eq!(answer.status, 200);
    serde_json::from_slice(&answer.body).unwrap()
}

/// A page as the script keeps it: rows in their order.
#[derive(Default)]
struct Rows(Vec<(String, String)>);

impl Rows {
    fn take(&mut self, news: &Value, table: &str) {
        for part in news["parts"].as_array().into_iter().flatten() {
            let (id, text) = (
                part[0].as_str().unwrap(),
                part[1].as_str().unwrap_or_default(),
            );
            let place = self.0.iter().position(|(own, _)| own == id);
            match (place, part[2].as_str()) {
                (Some(place), _) if text.is_empty() => drop(self.0.remove(place)),
                (Some(place), _) => self.0[place].1 = text.to_owned(),
                (None, Some(into)) if into == table => {
                    let after = self
                        .0
                        .iter()
                        .position(|(own, _)| Some(own.as_str()) == part[3].as_str());
                    self.0.insert(
                        after.map_or(0, |after| after + 1),
                        (id.to_owned(), text.to_owned()),
                    );
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_page_that_is_told_of_every_change_has_what_a_new_one_has() {
    let fake = polling(9, "RUNNING");
    let count = fake.count();
    for table in ["visits", "events"] {
        let mut told = Rows::default();
        told.take(&news(&fake, 0, 1, ""), table);
        for seen in 1..count {
            told.take(&news(&fake, seen, seen + 1, ""), table);
        }
        let mut fresh = Rows::default();
        fresh.take(&news(&fake, 0, count, ""), table);
        let ids = |rows: &Rows| rows.0.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&told), ids(&fresh), "{table}");
        assert_eq!(without_scale(&told), without_scale(&fresh), "{table}");
    }
}

/// The box of the bars is told by itself.
fn without_scale(rows: &Rows) -> BTreeMap<&str, String> {
    let rows = rows.0.iter().map(|(id, text)| {
        let pieces: Vec<&str> = text
            .split(" viewBox=\"")
            .map(|piece| piece.split_once("16\"").map_or(piece, |(_, rest)| rest))
            .collect();
        (id.as_str(), pieces.concat())
    });
    rows.collect()
}

#[test]
fn a_history_event_sends_little() {
    let input = json!({ "text": "x\"<".repeat(3_000) }).to_string();
    let mut long = polling(200, "RUNNING");
    long.event(
        0,
        "PassStateEntered",
        json!({ "name": "Begin", "input": input }),
    );
    for fake in [polling(30, "RUNNING"), long] {
        let count = fake.count();
        for seen in (1..30).chain(count - 10..count) {
            for view in ["", "&state=Rest", "&state=Begin"] {
                let told = news(&fake, seen, seen + 1, view).to_string();
                assert!(
                    told.len() <= BYTES_MAX,
                    "{} bytes after {seen}{view}: {told}",
                    told.len()
                );
            }
        }
    }
}
