//! The functions that AWS adds to JSONata, and those that guard some of the language's own.
//!
//! AWS: [Functions provided by Step Functions](https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn).

use std::{
    collections::{BTreeSet, HashSet},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use jlens_core::{Bindings, Error, HostFunction};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::infinity;
use crate::{intrinsics, limits};

/// A function: its name after the `$`, its signature in JSONata's own notation, what it does.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) signature: &'static str,
    pub(super) call: fn(&[Option<Value>], &Draws) -> Outcome,
}

/// `None` is undefined; an error has a code and a message.
type Outcome = Result<Option<Value>, (&'static str, String)>;

pub(super) const ALL: &[Function] = &[
    function("partition", "<an:a>", partition),
    function("range", "<nnn:a>", range),
    function("hash", "<ss:s>", hash),
    function("random", "<n?:n>", random),
    function("uuid", "<:s>", uuid),
    function("parse", "<s:x>", parse),
    function("eval", "<x?x?:x>", eval),
    function("_comparesFew", "<x?:b>", compares_few),
    function("_keys", "<x?:x>", keys),
    function("_distinct", "<x?:x>", distinct),
    function("_checkReplace", "<x?x?x?:x>", check_replace),
    function("_checkSplit", "<x?x?:x>", check_split),
    function("_overflow", "<sx?x?:x>", overflow),
];

const fn function(
    name: &'static str,
    signature: &'static str,
    call: fn(&[Option<Value>], &Draws) -> Outcome,
) -> Function {
    Function {
        name,
        signature,
        call,
    }
}

/// All of these functions, for what can be seen without calling them.
pub(super) fn all() -> &'static Bindings {
    static FUNCTIONS: OnceLock<Bindings> = OnceLock::new();
    FUNCTIONS.get_or_init(|| bound(Bindings::new(), ALL.iter(), &Draws::new([0; 4])))
}

/// The functions of these names, and all that guards need if there are guards, but for those that draw
/// on chance.
pub(super) fn needed(names: &BTreeSet<String>, has_guards: bool) -> Bindings {
    let is_needed = |function: &&Function| {
        !is_random(function.name) && (has_guards || names.contains(function.name))
    };
    let needed = ALL.iter().filter(is_needed);
    bound(Bindings::new(), needed, &Draws::new([0; 4]))
}

/// With the functions of these names that draw on chance.
pub(super) fn with_chance(
    bindings: &Bindings,
    names: &BTreeSet<String>,
    seed: [u64; 4],
) -> Bindings {
    let is_needed =
        |function: &&Function| is_random(function.name) && names.contains(function.name);
    let mut needed = ALL.iter().filter(is_needed).peekable();
    match needed.peek() {
        Some(_) => bound(bindings.clone(), needed, &Draws::new(seed)),
        None => bindings.clone(),
    }
}

fn bound(
    bindings: Bindings,
    functions: impl Iterator<Item = &'static Function>,
    draws: &Draws,
) -> Bindings {
    functions.fold(bindings, |bindings, function| {
        bindings.function(function.name, host(function, draws.clone()))
    })
}

fn host(function: &'static Function, draws: Draws) -> HostFunction {
    let call = function.call;
    let made = HostFunction::with_signature(function.signature, move |arguments, _| {
        call(arguments, &draws).map_err(|(code, message)| Error::new(code).with("message", message))
    });
    made.expect("the signatures are right").without_input()
}

/// Whether it is one of these functions.
pub(super) fn exists(name: &str) -> bool {
    ALL.iter().any(|function| function.name == name)
}

/// Whether what it answers is random.
pub(super) fn is_random(name: &str) -> bool {
    matches!(name, "random" | "uuid" | "shuffle")
}

/// The code under which `$error` reports what it is given. AWS's own functions have none.
const CODE: &str = "D3137";

fn partition(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    let (Some(Value::Array(elements)), Some(size)) = (&arguments[0], integer(arguments, 1)) else {
        return Ok(None);
    };
    let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
        return Err((CODE, "The chunk size must be a positive integer".into()));
    };
    Ok(Some(elements.chunks(size).map(<[Value]>::to_vec).collect()))
}

fn range(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    let (Some(first), Some(last), Some(step)) = (
        integer(arguments, 0),
        integer(arguments, 1),
        integer(arguments, 2),
    ) else {
        return Ok(None);
    };
    if step == 0 {
        return Err((CODE, "The step must not be zero".into()));
    }
    let (distance, step) = (i128::from(last) - i128::from(first), i128::from(step));
    let is_empty = distance != 0 && distance.signum() != step.signum();
    let count = if is_empty { 0 } else { distance / step + 1 };
    if count > limits::JSONATA_ARRAY_ITEMS_MAX as i128 {
        return Err(too_much());
    }
    let item = |number: i128| Value::from((i128::from(first) + number * step) as i64);
    // A sequence, as AWS was recorded: one number stands for itself, and none for nothing.
    Ok(match count {
        0 => None,
        1 => Some(item(0)),
        _ => Some((0..count).map(item).collect()),
    })
}

fn hash(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    let (Some(data), Some(algorithm)) = (text(arguments, 0), text(arguments, 1)) else {
        return Ok(None);
    };
    match intrinsics::digest(data.as_bytes(), algorithm) {
        Some(digest) => Ok(Some(digest.into())),
        None => Err((
            CODE,
            "The algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512".into(),
        )),
    }
}

fn random(arguments: &[Option<Value>], draws: &Draws) -> Outcome {
    let number = match integer(arguments, 0) {
        Some(seed) => intrinsics::seeded_fraction(seed),
        None => draws.fraction(),
    };
    Ok(Some(number.into()))
}

fn uuid(_: &[Option<Value>], draws: &Draws) -> Outcome {
    let [high, low] = draws.next();
    Ok(Some(intrinsics::uuid_of(high, low).into()))
}

fn parse(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    match text(arguments, 0).map(serde_json::from_str) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(error)) => Err((CODE, format!("The string is not valid JSON: {error}"))),
    }
}

/// AWS has taken it out.
fn eval(_: &[Option<Value>], _: &Draws) -> Outcome {
    Err(("T1006", String::new()))
}

/// A number, rounded down.
fn integer(arguments: &[Option<Value>], index: usize) -> Option<i64> {
    let number = arguments.get(index)?.as_ref()?;
    number
        .as_i64()
        .or_else(|| Some(number.as_f64()?.floor() as i64))
}

fn text(arguments: &[Option<Value>], index: usize) -> Option<&str> {
    arguments.get(index)?.as_ref()?.as_str()
}

/// The chance of one evaluation: a hash of its seed and of how much was drawn before.
#[derive(Clone)]
pub(super) struct Draws {
    seed: [u64; 4],
    drawn: Arc<AtomicU64>,
}

impl Draws {
    pub(super) fn new(seed: [u64; 4]) -> Self {
        let drawn = Arc::default();
        Self { seed, drawn }
    }

    fn next(&self) -> [u64; 2] {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut hash = Sha256::new();
        for word in self.seed.iter().chain([&drawn]) {
            hash.update(word.to_le_bytes());
        }
        let digest = hash.finalize();
        let word = |at: usize| {
            let bytes = digest[at..at + 8].try_into();
            u64::from_le_bytes(bytes.expect("eight bytes"))
        };
        [word(0), word(8)]
    }

    /// Evenly distributed in [0, 1).
    fn fraction(&self) -> f64 {
        (self.next()[0] >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Whether `$keys` and `$distinct` may compare each element with each other one.
fn compares_few(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    let elements = arguments
        .first()
        .and_then(Option::as_ref)
        .map_or(0, compared);
    Ok(Some(
        (elements <= limits::JSONATA_COMPARED_ELEMENTS_MAX).into(),
    ))
}

/// The elements of an array and the keys of an object, those of objects in arrays included.
fn compared(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.len() + elements.iter().map(compared).sum::<usize>(),
        Value::Object(members) => members.len(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// `$keys` in linear time.
fn keys(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    fn collect<'v>(value: &'v Value, found: &mut Vec<&'v str>, seen: &mut HashSet<&'v str>) {
        match value {
            Value::Object(members) => {
                found.extend(
                    members
                        .keys()
                        .map(String::as_str)
                        .filter(|key| seen.insert(key)),
                );
            }
            Value::Array(elements) => elements.iter().for_each(|one| collect(one, found, seen)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let Some(Some(argument)) = arguments.first() else {
        return Ok(None);
    };
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    collect(argument, &mut found, &mut seen);
    Ok(match found.as_slice() {
        [] => None,
        [only] => Some((*only).into()),
        all => Some(all.iter().copied().map(Value::from).collect()),
    })
}

/// `$distinct` in linear time.
fn distinct(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    let Some(Some(Value::Array(elements))) = arguments.first() else {
        return Ok(arguments.first().cloned().flatten());
    };
    let mut seen = HashSet::new();
    let different = elements.iter().filter(|element| seen.insert(*element));
    Ok(Some(different.cloned().collect()))
}

/// Fails if `$replace` could make too long a string: with a regular expression, one replacement for
/// each character.
fn check_replace(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    let (Some(string), Some(replacement)) = (text(arguments, 0), text(arguments, 2)) else {
        return Ok(None);
    };
    let (matches, max) = match text(arguments, 1) {
        Some("") => return Ok(None),
        Some(pattern) => (string.matches(pattern).count(), limits::JSONATA_BYTES_MAX),
        None => (string.len(), limits::JSONATA_MADE_BYTES_MAX),
    };
    match matches.saturating_mul(replacement.len()) > max {
        true => Err(too_much()),
        false => Ok(None),
    }
}

/// Fails if `$split` would make too long an array.
fn check_split(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    let (Some(string), Some(separator)) = (text(arguments, 0), text(arguments, 1)) else {
        return Ok(None);
    };
    match string.matches(separator).count() > limits::JSONATA_ARRAY_ITEMS_MAX {
        true => Err(too_much()),
        false => Ok(None),
    }
}

/// The text of an infinite number, if arithmetic comes to one.
fn overflow(arguments: &[Option<Value>], _: &Draws) -> Outcome {
    Ok(infinity::overflow(arguments))
}

/// The engine's own code for what is too large.
fn too_much() -> (&'static str, String) {
    ("U1001", String::new())
}
