//! What the iterations of a Map state would be given.

use segno_asl::{
    data::value::{Object, Value},
    definition::{ItemBatcher, Map, State},
    errors::EvaluationError,
};

use super::{Stage, reader};
use crate::{
    checkpoint::FrameId,
    frames::Failure,
    payload::{Payload, PayloadId},
    states::map,
    transition::Draft,
};

/// Evaluates the fields of a Map state, `ItemSelector` for each item. Gives how many iterations there
/// are. `read` is what its item reader finds, if it has one.
pub(super) fn prepare(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    read: Option<&str>,
) -> Result<usize, Failure> {
    let distributed = map.distributed.as_deref();
    let reader = distributed.and_then(|distributed| distributed.reader.as_ref());
    let read = match (reader, read) {
        (Some(reader), Some(text)) => Some(reader::read(draft, frame, state, reader, text)?),
        _ => None,
    };
    let items = map::prepare(draft, frame, state, map, read)?.items;
    let items = select(draft, frame, state, map, items)?;
    match distributed.and_then(|distributed| distributed.batcher.as_ref()) {
        None => Ok(items.len()),
        Some(batcher) => {
            let bounds = Bounds::of(draft, frame, state, batcher)?;
            let batches = bounds.batches(items);
            let length = batches.len();
            let batches = draft.add(Value::from(batches));
            draft.note(Stage::ItemBatcher, &batches.into());
            Ok(length)
        }
    }
}

/// What `ItemSelector` makes of each item.
fn select(
    draft: &mut Draft<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    items: PayloadId,
) -> Result<Vec<Value>, EvaluationError> {
    let Value::Array(items) = draft.value(items) else {
        unreachable!("what a Map state maps over is an array")
    };
    if map.item_selector.is_none() {
        return Ok(items.to_vec());
    }
    let mut selected = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let item = draft.add(item.clone());
        let input = map::select_item(draft, frame, state, map, (index, item))?;
        selected.push(draft.value(input));
    }
    let shown = draft.add(Value::from(selected.clone()));
    draft.note(Stage::ItemSelector, &shown.into());
    Ok(selected)
}

/// How large a batch may become, and what it has beside its items.
struct Bounds {
    items_max: u64,
    bytes_max: u64,
    input: Option<Value>,
}

impl Bounds {
    fn of(
        draft: &mut Draft<'_>,
        frame: FrameId,
        state: &State,
        batcher: &ItemBatcher,
    ) -> Result<Self, EvaluationError> {
        let document = draft.effective_input(frame, state)?;
        let bound = |count, field| match count {
            None => Ok(u64::MAX),
            Some(count) => map::number(draft, frame, count, field, document),
        };
        let items_max = bound(batcher.max_items.as_ref(), "MaxItemsPerBatch")?;
        let bytes_max = bound(batcher.max_bytes.as_ref(), "MaxInputBytesPerBatch")?;
        let input = batcher.input.as_ref();
        let input =
            input.map(|template| draft.reading(frame, document, |scope| template.evaluate(scope)));
        Ok(Self {
            items_max: items_max.max(1),
            bytes_max,
            input: input.transpose()?,
        })
    }

    /// The batches, each as full as it may be. An item that is too large by itself has one of its own.
    fn batches(&self, items: Vec<Value>) -> Vec<Value> {
        let empty = size(&self.batch(Vec::new()));
        let (mut batches, mut batch, mut bytes) = (Vec::new(), Vec::new(), empty);
        for item in items {
            let added = size(&item) + u64::from(!batch.is_empty());
            let is_full = batch.len() as u64 >= self.items_max || bytes + added > self.bytes_max;
            if is_full && !batch.is_empty() {
                batches.push(self.batch(std::mem::take(&mut batch)));
                bytes = empty;
            }
            bytes += size(&item) + u64::from(!batch.is_empty());
            batch.push(item);
        }
        if !batch.is_empty() {
            batches.push(self.batch(batch));
        }
        batches
    }

    fn batch(&self, items: Vec<Value>) -> Value {
        let input = self.input.clone().map(|input| ("BatchInput", input));
        let items = ("Items", Value::from(items));
        Value::Object(input.into_iter().chain([items]).collect::<Object>())
    }
}

/// Bytes of its text.
fn size(value: &Value) -> u64 {
    Payload::from(value.clone()).text().len() as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batches(items_max: u64, bytes_max: u64, items: serde_json::Value) -> Value {
        let bounds = Bounds {
            items_max,
            bytes_max,
            input: None,
        };
        let items = Value::from(items);
        let items = items.as_array().unwrap().to_vec();
        bounds
            .batches(items)
            .iter()
            .map(|batch| batch["Items"].clone())
            .collect()
    }

    #[test]
    fn a_batch_has_no_more_items_than_it_may() {
        let all = json!([1, 2, 3, 4, 5]);
        assert_eq!(batches(2, u64::MAX, all), json!([[1, 2], [3, 4], [5]]));
        assert_eq!(batches(2, u64::MAX, json!([])), json!([]));
    }

    #[test]
    fn a_batch_has_no_more_bytes_than_it_may() {
        // {"Items":["aa","b"]} has 20 bytes, and each third item is one too many.
        let all = json!(["aa", "b", "c", "too large by itself", "d"]);
        assert_eq!(
            batches(u64::MAX, 20, all),
            json!([["aa", "b"], ["c"], ["too large by itself"], ["d"]])
        );
    }

    #[test]
    fn each_batch_has_the_same_input_beside_its_items() {
        let bounds = Bounds {
            items_max: 1,
            bytes_max: u64::MAX,
            input: Some(Value::from(json!({ "a": 1 }))),
        };
        assert_eq!(
            bounds.batches(vec![Value::from(7)]),
            [json!({ "BatchInput": { "a": 1 }, "Items": [7] })]
        );
    }
}
