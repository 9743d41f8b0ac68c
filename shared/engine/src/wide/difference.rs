//! What one JSON text differs in from another: only what changed is looked into.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// How a value becomes another one. Persisted as it is written here.
#[derive(Debug, Serialize, Deserialize)]
enum Change<'a> {
    /// It is this one.
    #[serde(rename = "=", borrow)]
    Set(&'a RawValue),
    /// These members of an object are added or change; those with `null` go. The others stay.
    #[serde(rename = "{}", borrow)]
    Members(BTreeMap<String, Option<Change<'a>>>),
    /// An array, from its first element to its last. What comes after these runs stays.
    #[serde(rename = "[]", borrow)]
    Elements(Vec<Run<'a>>),
}

/// What becomes of the next elements of an array.
#[derive(Debug, Serialize, Deserialize)]
enum Run<'a> {
    /// So many stay.
    #[serde(rename = "keep")]
    Keep(usize),
    /// So many go.
    #[serde(rename = "drop")]
    Drop(usize),
    /// One comes in between.
    #[serde(rename = "add", borrow)]
    Add(&'a RawValue),
    /// One changes.
    #[serde(rename = "change", borrow)]
    Change(Change<'a>),
}

/// A JSON value that is only looked into where it must be.
enum Shallow<'a> {
    Object(BTreeMap<String, &'a RawValue>),
    Array(Vec<&'a RawValue>),
    Other,
}

impl<'a> Shallow<'a> {
    fn of(text: &'a str) -> serde_json::Result<Self> {
        Ok(match text.as_bytes().first() {
            Some(b'{') => Self::Object(serde_json::from_str(text)?),
            Some(b'[') => Self::Array(serde_json::from_str(text)?),
            _ => Self::Other,
        })
    }
}

/// What the object `after` differs in from the object `before`. The order of members does not matter.
pub(super) fn difference(before: &str, after: &str) -> serde_json::Result<String> {
    let members = members(&serde_json::from_str(before)?, serde_json::from_str(after)?)?;
    serde_json::to_string(&Change::Members(members))
}

/// What an object has become by these differences, one after the other.
pub(super) fn apply<'a>(
    before: &'a str,
    differences: impl IntoIterator<Item = &'a str>,
) -> serde_json::Result<String> {
    let mut root = Node::Raw(before);
    for difference in differences {
        root.change(serde_json::from_str(difference)?)?;
    }
    let mut after = String::with_capacity(before.len());
    root.write(&mut after)?;
    Ok(after)
}

fn change<'a>(before: &'a RawValue, after: &'a RawValue) -> serde_json::Result<Option<Change<'a>>> {
    if before.get() == after.get() {
        return Ok(None);
    }
    let change = match (Shallow::of(before.get())?, Shallow::of(after.get())?) {
        (Shallow::Object(before), Shallow::Object(after)) => {
            let members = members(&before, after)?;
            if members.is_empty() {
                return Ok(None);
            }
            Change::Members(members)
        }
        (Shallow::Array(before), Shallow::Array(after)) => {
            let elements = elements(&before, &after)?;
            if elements.is_empty() {
                return Ok(None);
            }
            Change::Elements(elements)
        }
        (Shallow::Object(_) | Shallow::Array(_) | Shallow::Other, _) => Change::Set(after),
    };
    // What has changed all over is said anew.
    let is_short = serde_json::to_string(&change)?.len() < after.get().len();
    Ok(Some(if is_short { change } else { Change::Set(after) }))
}

fn members<'a>(
    before: &BTreeMap<String, &'a RawValue>,
    after: BTreeMap<String, &'a RawValue>,
) -> serde_json::Result<BTreeMap<String, Option<Change<'a>>>> {
    let mut members = BTreeMap::new();
    for key in before.keys().filter(|key| !after.contains_key(*key)) {
        members.insert(key.clone(), None);
    }
    for (key, after) in after {
        let change = match before.get(&key) {
            Some(before) => change(before, after)?,
            None => Some(Change::Set(after)),
        };
        if change.is_some() {
            members.insert(key, change);
        }
    }
    Ok(members)
}

/// Finds what arrays of a checkpoint do: elements change where they are, come at the end, or go.
fn elements<'a>(
    before: &[&'a RawValue],
    after: &[&'a RawValue],
) -> serde_json::Result<Vec<Run<'a>>> {
    let mut runs = Runs::default();
    if before.len() <= after.len() {
        for (before, after) in before.iter().zip(after) {
            match change(before, after)? {
                Some(change) => runs.0.push(Run::Change(change)),
                None => runs.keep(),
            }
        }
        runs.0
            .extend(after[before.len()..].iter().map(|new| Run::Add(new)));
    } else {
        let mut after = after.iter().peekable();
        for before in before {
            match after.next_if(|after| after.get() == before.get()) {
                Some(_) => runs.keep(),
                None => runs.drop(),
            }
        }
        runs.0.extend(after.map(|new| Run::Add(new)));
    }
    Ok(runs.without_what_stays())
}

#[derive(Default)]
struct Runs<'a>(Vec<Run<'a>>);

impl<'a> Runs<'a> {
    fn keep(&mut self) {
        match self.0.last_mut() {
            Some(Run::Keep(count)) => *count += 1,
            _ => self.0.push(Run::Keep(1)),
        }
    }

    fn drop(&mut self) {
        match self.0.last_mut() {
            Some(Run::Drop(count)) => *count += 1,
            _ => self.0.push(Run::Drop(1)),
        }
    }

    fn without_what_stays(mut self) -> Vec<Run<'a>> {
        self.0.pop_if(|last| matches!(last, Run::Keep(_)));
        self.0
    }
}

/// A JSON value that changes, and is taken apart only where it does.
enum Node<'a> {
    Raw(&'a str),
    Object(BTreeMap<String, Node<'a>>),
    Array(Vec<Node<'a>>),
}

impl<'a> Node<'a> {
    fn change(&mut self, change: Change<'a>) -> serde_json::Result<()> {
        match change {
            Change::Set(value) => *self = Self::Raw(value.get()),
            Change::Members(changes) => {
                let members = self.members()?;
                for (key, change) in changes {
                    match change {
                        Some(change) => members
                            .entry(key)
                            .or_insert(Self::Raw("null"))
                            .change(change)?,
                        None => drop(members.remove(&key)),
                    }
                }
            }
            Change::Elements(runs) => {
                let elements = self.elements()?;
                let mut at = 0;
                for run in runs {
                    at += change_elements(elements, at, run)?;
                }
            }
        }
        Ok(())
    }

    fn members(&mut self) -> serde_json::Result<&mut BTreeMap<String, Self>> {
        if !matches!(self, Self::Object(_)) {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(self.raw())?;
            let nodes = members
                .into_iter()
                .map(|(key, value)| (key, Self::Raw(value.get())));
            *self = Self::Object(nodes.collect());
        }
        match self {
            Self::Object(members) => Ok(members),
            Self::Raw(_) | Self::Array(_) => unreachable!("it was made an object"),
        }
    }

    fn elements(&mut self) -> serde_json::Result<&mut Vec<Self>> {
        if !matches!(self, Self::Array(_)) {
            let elements: Vec<&RawValue> = serde_json::from_str(self.raw())?;
            let nodes = elements.into_iter().map(|value| Self::Raw(value.get()));
            *self = Self::Array(nodes.collect());
        }
        match self {
            Self::Array(elements) => Ok(elements),
            Self::Raw(_) | Self::Object(_) => unreachable!("it was made an array"),
        }
    }

    /// The text, if it was not taken apart: what was is no text of the other kind either.
    fn raw(&self) -> &'a str {
        match self {
            Self::Raw(text) => text,
            Self::Object(_) | Self::Array(_) => "",
        }
    }

    fn write(&self, out: &mut String) -> serde_json::Result<()> {
        match self {
            Self::Raw(text) => out.push_str(text),
            Self::Object(members) => {
                out.push('{');
                for (index, (key, member)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    out.push_str(&serde_json::to_string(key)?);
                    out.push(':');
                    member.write(out)?;
                }
                out.push('}');
            }
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    element.write(out)?;
                }
                out.push(']');
            }
        }
        Ok(())
    }
}

/// Does what a run says to the elements from `at` on. Gives how many it leaves behind.
fn change_elements<'a>(
    elements: &mut Vec<Node<'a>>,
    at: usize,
    run: Run<'a>,
) -> serde_json::Result<usize> {
    let left = elements.len() - at;
    match run {
        Run::Keep(count) => Ok(count.min(left)),
        Run::Drop(count) => {
            elements.drain(at..at + count.min(left));
            Ok(0)
        }
        Run::Add(value) => {
            elements.insert(at, Node::Raw(value.get()));
            Ok(1)
        }
        Run::Change(change) => {
            if left == 0 {
                elements.push(Node::Raw("null"));
            }
            elements[at].change(change)?;
            Ok(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The difference between objects with this member, checked to lead from one to the other.
    fn difference(before: &Value, after: &Value) -> String {
        let [before, after] = [before, after].map(|value| json!({ "it": value }));
        let difference = super::difference(&before.to_string(), &after.to_string()).unwrap();
        let applied = apply(&before.to_string(), [difference.as_str()]).unwrap();
        let applied: Value = serde_json::from_str(&applied).unwrap();
        assert_eq!(applied, after, "by {difference}");
        let inner = difference.strip_prefix(r#"{"{}":{"it":"#);
        inner.map_or_else(String::new, |inner| inner[..inner.len() - 2].to_owned())
    }

    #[test]
    fn only_what_changed_is_said() {
        let frame = |phase: Value| json!({ "state": "a long name of a state", "phase": phase });
        let before = json!({ "recorded": 7, "frames": { "1": frame(json!("Ready")), "2": frame(json!(1)) } });
        let after =
            json!({ "recorded": 9, "frames": { "1": frame(json!("Due")), "2": frame(json!(1)) } });
        assert_eq!(
            difference(&before, &after),
            r#"{"{}":{"frames":{"{}":{"1":{"{}":{"phase":{"=":"Due"}}}}},"recorded":{"=":9}}}"#
        );
    }

    #[test]
    fn members_come_and_go() {
        let before = json!({ "a": "what is long and stays as it is", "b": 2 });
        let after = json!({ "a": "what is long and stays as it is", "c": null });
        assert_eq!(
            difference(&before, &after),
            r#"{"{}":{"b":null,"c":{"=":null}}}"#
        );
    }

    #[test]
    fn the_order_of_members_does_not_matter() {
        let before = json!({ "a": 1, "b": { "c": 2, "d": 3 } });
        let after = json!({ "b": { "d": 3, "c": 2 }, "a": 1 });
        assert_eq!(difference(&before, &after), "", "there is none");
    }

    #[test]
    fn elements_change_where_they_are_and_come_at_the_end() {
        let elements = |count: usize| vec![Value::Null; count];
        let (before, mut after) = (elements(40), elements(41));
        after[3] = json!(17);
        after[40] = json!("new");
        assert_eq!(
            difference(&before.into(), &after.into()),
            r#"{"[]":[{"keep":3},{"change":{"=":17}},{"keep":36},{"add":"new"}]}"#
        );
    }

    #[test]
    fn elements_go_from_anywhere() {
        let before: Vec<Value> = (100..140).map(Value::from).collect();
        let after: Vec<Value> = before
            .iter()
            .filter(|v| **v != 105 && **v != 130)
            .cloned()
            .collect();
        assert_eq!(
            difference(&before.into(), &after.into()),
            r#"{"[]":[{"keep":5},{"drop":1},{"keep":24},{"drop":1}]}"#
        );
    }

    #[test]
    fn what_is_another_value_altogether_is_said_whole() {
        for (before, after) in [
            (json!({ "a": 1 }), json!([1])),
            (json!([1, 2, 3]), json!([])),
            (json!({ "a": 1, "b": 2 }), json!({})),
            (json!("text"), json!(null)),
            (json!([{ "a": [] }]), json!([{ "a": [[]] }, {}])),
            (json!({ "\"\\ü\n": 1 }), json!({ "\"\\ü\n": { "ü": 2 } })),
        ] {
            difference(&before, &after);
            difference(&after, &before);
        }
    }

    #[test]
    fn random_values_are_led_to_one_another() {
        let mut chance = Chance(1);
        for _ in 0..3_000 {
            let before = chance.value(4);
            let after = chance.altered(&before);
            difference(&before, &after);
        }
    }

    #[test]
    fn differences_follow_one_another() {
        let mut chance = Chance(2);
        for _ in 0..300 {
            let mut values = vec![json!({ "it": chance.value(4) })];
            let mut differences = Vec::new();
            for step in 0..8 {
                let next = json!({ "it": chance.altered(&values[step]["it"]) });
                let [before, after] = [&values[step], &next].map(Value::to_string);
                differences.push(super::difference(&before, &after).unwrap());
                values.push(next);
            }
            let differences = differences.iter().map(String::as_str);
            let applied = apply(&values[0].to_string(), differences).unwrap();
            let applied: Value = serde_json::from_str(&applied).unwrap();
            assert_eq!(applied, values[8]);
        }
    }

    #[test]
    fn what_is_no_difference_is_refused() {
        for damaged in [
            "",
            "{",
            "17",
            r#"{"-":1}"#,
            r#"{"[]":[]}"#,
            r#"{"{}":{"a":{"{}":{}}}}"#,
        ] {
            assert!(apply(r#"{"a":1}"#, [damaged]).is_err(), "{damaged}");
        }
    }

    /// A small generator: the same values in every run.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (self.0 >> 33) % limit
        }

        fn value(&mut self, depth: u32) -> Value {
            match self.below(if depth == 0 { 3 } else { 5 }) {
                0 => json!(self.below(1_000)),
                1 => Value::Null,
                2 => json!("x".repeat(self.below(30) as usize)),
                3 => (0..self.below(6)).map(|_| self.value(depth - 1)).collect(),
                _ => {
                    let members = (0..self.below(6))
                        .map(|_| (format!("k{}", self.below(9)), self.value(depth - 1)));
                    Value::Object(members.collect())
                }
            }
        }

        fn altered(&mut self, value: &Value) -> Value {
            if self.below(5) == 0 {
                return self.value(3);
            }
            match value {
                Value::Array(elements) => {
                    let mut altered = Vec::new();
                    for element in elements {
                        match self.below(6) {
                            0 => {}
                            1 => altered.push(self.altered(element)),
                            _ => altered.push(element.clone()),
                        }
                    }
                    if self.below(3) == 0 {
                        altered.push(self.value(1));
                    }
                    altered.into()
                }
                Value::Object(members) => {
                    let mut altered = serde_json::Map::new();
                    for (key, member) in members {
                        match self.below(6) {
                            0 => {}
                            1 => drop(altered.insert(key.clone(), self.altered(member))),
                            _ => drop(altered.insert(key.clone(), member.clone())),
                        }
                    }
                    altered.into()
                }
                other => other.clone(),
            }
        }
    }
}
