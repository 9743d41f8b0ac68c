//! [Map](https://states-language.net/spec.html#map-state) in inline mode: an iteration for each item.

mod tolerance;

use segno_asl::{
    data::{number::to_json, path::Path, scope::Scope, value::Value},
    definition::{Count, DataFlow, Items, Map, State, StateKind},
    errors::EvaluationError,
    jsonata::Expected,
};

pub use self::tolerance::Tolerance;
use crate::{
    checkpoint::{FrameId, Iterating, Phase, Role},
    frames::{Failure, Progress},
    history::{Detail, MapIteration},
    inspect::Stage,
    payload::PayloadId,
    states::count::count,
    transition::Draft,
};

/// Starts the first iterations: the first time, or again after a retry.
pub(crate) fn begin(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
) -> Result<Progress, Failure> {
    let Prepared { items, room } = prepare(draft, frame, state, map, None)?;
    let length = length_of(draft, items);
    let started = draft.chain(frame, Detail::MapStateStarted { length });
    let results = vec![None; length];
    draft.frame_mut(frame).phase = Phase::Iterating(Iterating {
        items,
        started: 0,
        results,
        ended: 0,
    });
    if length == 0 {
        return succeed(draft, frame, started);
    }
    for _ in 0..length.min(room) {
        start_iteration(draft, frame, started)?;
    }
    let phase = draft.frame(frame).phase.clone();
    Ok(Progress::Stays(phase))
}

/// What a Map state needs to know before its first iteration.
pub(crate) struct Prepared {
    /// The array it maps over.
    pub(crate) items: PayloadId,
    /// How many iterations may run at the same time.
    room: usize,
}

/// Evaluates everything that is not about one item. The items are those that were read, if any were.
pub(crate) fn prepare(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    read: Option<PayloadId>,
) -> Result<Prepared, Failure> {
    let input = draft.effective_input(frame, state)?;
    let items = match read {
        Some(items) => items,
        None => items(draft, frame, state, map, input)?,
    };
    let max_concurrency = number(draft, frame, &map.max_concurrency, "MaxConcurrency", input)?;
    draft.note_map(|settings| settings.max_concurrency = Some(max_concurrency));
    let tolerance = tolerance::of(draft, frame, map, input)?;
    draft.note_map(|settings| settings.tolerance = tolerance);
    let room = draft.checkpoint.bounds().iterations_max;
    let room = match max_concurrency {
        0 => room,
        wanted => wanted.min(room),
    };
    let room = usize::try_from(room).expect("bounded above");
    Ok(Prepared { items, room })
}

/// An iteration came to its end; `last` is its last history event.
pub(crate) fn iteration_ended(
    draft: &mut Draft<'_>,
    frame: FrameId,
    index: usize,
    output: PayloadId,
    last: u64,
) {
    let name = draft.state_name(frame);
    let succeeded = draft.record(
        last,
        Detail::MapIterationSucceeded(MapIteration { name, index }),
    );
    let iterating = iterating(draft, frame);
    iterating.results[index] = Some(output);
    iterating.ended += 1;
    let (has_more, is_over) = (
        iterating.started < iterating.results.len(),
        iterating.ended == iterating.results.len(),
    );
    if is_over {
        let progress = succeed(draft, frame, succeeded);
        draft.settle(frame, progress);
    } else if has_more {
        // The next iteration follows from the last event of the one that made room for it.
        if let Err(failure) = start_iteration(draft, frame, last) {
            draft.fail(frame, failure);
        }
    }
}

/// `last` is what both the end and the exit of the state follow from.
fn succeed(draft: &mut Draft<'_>, frame: FrameId, last: u64) -> Result<Progress, Failure> {
    let state = draft.state(frame);
    let StateKind::Map(map) = &state.kind else {
        unreachable!("only Map states have iterations")
    };
    draft.record(last, Detail::MapStateSucceeded);
    draft.frame_mut(frame).previous = last;
    let results: Vec<PayloadId> = iterating(draft, frame)
        .results
        .iter()
        .flatten()
        .copied()
        .collect();
    let result: Value = results.iter().map(|id| draft.value(*id)).collect();
    let result = draft.add(result);
    draft.leave_work(frame, state, &map.work, result)
}

fn start_iteration(draft: &mut Draft<'_>, frame: FrameId, previous: u64) -> Result<(), Failure> {
    let state = draft.state(frame);
    let StateKind::Map(map) = &state.kind else {
        unreachable!("only Map states have iterations")
    };
    let (items, index) = {
        let iterating = iterating(draft, frame);
        iterating.started += 1;
        (iterating.items, iterating.started - 1)
    };
    let item = draft.payload(items).value()[index].clone();
    let item = draft.add(item);
    let name = draft.state_name(frame);
    let started = draft.record(
        previous,
        Detail::MapIterationStarted(MapIteration { name, index }),
    );
    let input = select_item(draft, frame, state, map, (index, item))?;
    draft.open(
        Role::Iteration {
            of: frame,
            index,
            item,
        },
        map.start_at.clone(),
        input,
        started,
    );
    Ok(())
}

/// What an iteration is given: its item, or what `ItemSelector` makes of it.
pub(crate) fn select_item(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    (index, item): (usize, PayloadId),
) -> Result<PayloadId, EvaluationError> {
    let Some(selector) = &map.item_selector else {
        return Ok(item);
    };
    let document = draft.effective_input(frame, state)?;
    let document = draft.payload(document);
    let view = draft.view(frame).selecting(index, item);
    let selected = selector.evaluate(&Scope {
        document: document.value(),
        surroundings: &view,
    })?;
    Ok(draft.add(selected))
}

fn iterating<'d>(draft: &'d mut Draft<'_>, frame: FrameId) -> &'d mut Iterating {
    match &mut draft.frame_mut(frame).phase {
        Phase::Iterating(iterating) => iterating,
        _ => unreachable!("a frame has iterations only while it iterates"),
    }
}

fn items(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    input: PayloadId,
) -> Result<PayloadId, EvaluationError> {
    let items = match &map.items {
        Items::Input => input,
        Items::Path(path) => draft.select(frame, path, input)?,
        Items::Template(template) => draft.shape(frame, Some(template), input)?,
        Items::Jsonata(jsonata) => {
            let items = draft.reading(frame, input, |scope| {
                jsonata.evaluate_as(Expected::Array, "Items", scope)
            })?;
            draft.add(items)
        }
    };
    let value = draft.payload(items);
    if value.value().is_array() {
        if matches!(state.data_flow, DataFlow::JsonPath { .. }) {
            draft.note(Stage::ItemsPath, &items.into());
        }
        return Ok(items);
    }
    let detail = match &map.items {
        Items::Path(path) if !path.is_whole_input() => {
            let path = path.within_root();
            format!("Reference path \"{path}\" must point to array.")
        }
        _ => {
            let text = to_json(value.value());
            format!("Map state input must be an array but was: {text}")
        }
    };
    Err(match &state.data_flow {
        DataFlow::JsonPath { .. } => EvaluationError::runtime(detail),
        DataFlow::Jsonata { .. } => EvaluationError::query(detail, None),
    })
}

/// How many items there are.
pub(crate) fn length_of(draft: &Draft<'_>, items: PayloadId) -> usize {
    draft
        .payload(items)
        .value()
        .as_array()
        .map_or(0, <[Value]>::len)
}

/// A number that is not negative: given, or read from the input.
pub(crate) fn number(
    draft: &Draft<'_>,
    frame: FrameId,
    number: &Count,
    field: &str,
    input: PayloadId,
) -> Result<u64, EvaluationError> {
    match number {
        Count::Literal(number) => Ok(*number),
        Count::Path(path) => draft.reading(frame, input, |scope| {
            read_count(field, path, path.select(scope)?.as_ref())
        }),
        Count::Jsonata(jsonata) => {
            draft.reading(frame, input, |scope| count(jsonata, field, 0, scope))
        }
    }
}

/// AWS takes a number in a string, too.
fn read_count(field: &str, path: &Path, value: &Value) -> Result<u64, EvaluationError> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let number: i64 = number.ok_or_else(|| no_number(field, "integer", path, value))?;
    u64::try_from(number)
        .map_err(|_| EvaluationError::runtime(format!("{field} cannot be negative.")))
}

fn no_number(field: &str, kind: &str, path: &Path, value: &Value) -> EvaluationError {
    let shown = value.as_str().map_or_else(|| to_json(value), str::to_owned);
    let path = path.text();
    EvaluationError::runtime(format!(
        "The {field}Path field refers to value \"{shown}\" which is not a valid {kind}: {path}"
    ))
}
