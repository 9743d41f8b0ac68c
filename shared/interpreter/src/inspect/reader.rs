//! What an item reader makes of what it finds.

use segno_asl::{
    definition::{InputType, ItemReader, State},
    errors::{StateError, names},
};
use serde_json::Value;

use super::Stage;
use crate::{
    checkpoint::FrameId, frames::Failure, payload::PayloadId, states::map, transition::Draft,
};

/// Whether items can be read from a text: from JSON, and from lines of JSON.
pub fn is_readable(reader: &ItemReader) -> bool {
    matches!(
        reader.reading.input_type,
        None | Some(InputType::Json { .. } | InputType::JsonLines)
    )
}

/// The items in a text that is as the reader finds it.
pub(super) fn read(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    reader: &ItemReader,
    text: &str,
) -> Result<PayloadId, Failure> {
    let input = draft.effective_input(frame, state)?;
    draft.shape(frame, Some(&reader.parameters), input)?;
    let found = match &reader.reading.input_type {
        Some(InputType::JsonLines) => lines(text),
        _ => serde_json::from_str(text),
    };
    let mut items = found.map_err(|error| failed(&error.to_string()))?;
    let pointer = match &reader.reading.input_type {
        Some(InputType::Json { items_pointer }) => items_pointer.as_deref(),
        _ => None,
    };
    if let Some(pointer) = pointer {
        let pointed = items.pointer_mut(pointer).map(Value::take);
        items = pointed.unwrap_or_default();
        let pointed = draft.add(items.clone());
        draft.note(Stage::ItemsPointer, &pointed.into());
    }
    let Value::Array(mut items) = items else {
        return Err(failed("Attempting to map over non-iterable node."));
    };
    if let Some(max) = &reader.reading.max_items {
        let max = map::number(draft, frame, max, "MaxItems", input)?;
        items.truncate(usize::try_from(max).unwrap_or(usize::MAX));
    }
    Ok(draft.add(Value::Array(items)))
}

fn lines(text: &str) -> serde_json::Result<Value> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(serde_json::from_str::<Value>).collect()
}

fn failed(cause: &str) -> Failure {
    Failure::Error(StateError::new(names::ITEM_READER_FAILED, cause))
}
