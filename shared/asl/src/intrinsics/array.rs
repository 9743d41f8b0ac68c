//! `States.ArrayContains`, `ArrayGetItem`, `ArrayLength`, `ArrayPartition`, `ArrayRange` and
//! `ArrayUnique`.

use std::collections::HashSet;

use super::{
    evaluation::{Failure, array},
    math::integer,
};
use crate::{data::value::Value, limits::ARRAY_RANGE_ITEMS_MAX};

/// Equality is that of JSON values, in which `1` and `1.0` are two.
pub(super) fn contains(haystack: &Value, needle: &Value) -> Result<Value, Failure> {
    Ok(array(haystack, 1)?.contains(needle).into())
}

/// Indexes count from 0.
pub(super) fn item(elements: &Value, index: &Value) -> Result<Value, Failure> {
    let (elements, index) = (array(elements, 1)?, integer(index, 2)?);
    let item = usize::try_from(index).ok().and_then(|at| elements.get(at));
    item.cloned().ok_or_else(|| {
        let length = elements.len();
        Failure(format!(
            "Index {index} is outside an array of length {length}"
        ))
    })
}

pub(super) fn length(elements: &Value) -> Result<Value, Failure> {
    Ok(array(elements, 1)?.len().into())
}

/// Arrays of `size` elements, the last one of what is left.
pub(super) fn partition(elements: &Value, size: &Value) -> Result<Value, Failure> {
    let (elements, size) = (array(elements, 1)?, integer(size, 2)?);
    if size < 1 {
        return Err(Failure::new("Argument 2 must be a positive integer"));
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    Ok(elements.chunks(size).map(<[Value]>::to_vec).collect())
}

/// From `first` to `last`, both included if the steps meet them.
pub(super) fn range(first: &Value, last: &Value, step: &Value) -> Result<Value, Failure> {
    let (first, last, step) = (integer(first, 1)?, integer(last, 2)?, integer(step, 3)?);
    if step == 0 {
        return Err(Failure::new("Argument 3 must not be zero"));
    }
    let (distance, stride) = (i128::from(last) - i128::from(first), i128::from(step));
    let is_empty = distance != 0 && distance.signum() != stride.signum();
    if !is_empty && distance / stride >= ARRAY_RANGE_ITEMS_MAX as i128 {
        return Err(Failure(format!(
            "The array would have more than {ARRAY_RANGE_ITEMS_MAX} items"
        )));
    }
    let steps = if is_empty { 0 } else { distance / stride + 1 };
    let item = |number: i128| Value::from((i128::from(first) + number * stride) as i64);
    Ok((0..steps).map(item).collect())
}

/// The first of each that are equal, in order.
pub(super) fn unique(elements: &Value) -> Result<Value, Failure> {
    let mut seen = HashSet::new();
    let elements = array(elements, 1)?.iter();
    Ok(elements
        .filter(|element| seen.insert(*element))
        .cloned()
        .collect())
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::super::tests::{answers, evaluated, failure};
    use super::*;

    #[test]
    fn an_array_contains_what_is_equal_to_an_element() {
        let contains = |array, value, expected: bool| {
            answers(
                "States.ArrayContains($[0], $[1])",
                json!([array, value]),
                json!(expected),
            );
        };
        contains(json!([1, [2]]), json!([2]), true);
        contains(json!([{ "a": 1, "b": 2 }]), json!({ "b": 2, "a": 1 }), true);
        contains(json!([null]), json!(null), true);
        contains(json!([]), json!(null), false);
        contains(json!([1]), json!(1.0), false);
        contains(json!(["1"]), json!(1), false);
    }

    #[test]
    fn an_item_is_got_by_its_index_from_zero() {
        answers("States.ArrayGetItem($, 0)", json!(["a"]), json!("a"));
        answers("States.ArrayGetItem($, 0.5)", json!(["a", "b"]), json!("b"));
    }

    #[test]
    fn an_index_outside_the_array_fails() {
        for call in ["States.ArrayGetItem($, 1)", "States.ArrayGetItem($, -1)"] {
            let why = failure(call, json!(["a"]));
            assert!(why.ends_with("is outside an array of length 1"), "{why}");
        }
    }

    #[test]
    fn a_length_counts_elements() {
        answers("States.ArrayLength($)", json!([[1, 2], null]), json!(2));
    }

    #[test]
    fn a_partition_ends_with_what_is_left() {
        answers(
            "States.ArrayPartition($, 2)",
            json!([1, 2, 3]),
            json!([[1, 2], [3]]),
        );
        answers("States.ArrayPartition($, 9)", json!([1]), json!([[1]]));
        answers("States.ArrayPartition($, 9)", json!([]), json!([]));
        answers(
            "States.ArrayPartition($, 1.5)",
            json!([1, 2]),
            json!([[1, 2]]),
        );
    }

    #[test]
    fn a_partition_has_a_positive_size() {
        for call in [
            "States.ArrayPartition($, 0)",
            "States.ArrayPartition($, -1)",
        ] {
            assert_eq!(
                failure(call, json!([1])),
                "Argument 2 must be a positive integer"
            );
        }
    }

    #[test]
    fn a_range_includes_both_ends() {
        answers("States.ArrayRange(1, 5, 2)", json!({}), json!([1, 3, 5]));
        answers("States.ArrayRange(1, 6, 2)", json!({}), json!([1, 3, 5]));
        answers("States.ArrayRange(1, 1, 9)", json!({}), json!([1]));
        answers(
            "States.ArrayRange(0.5, 2.5, 1.4)",
            json!({}),
            json!([1, 2, 3]),
        );
    }

    #[test]
    fn a_range_goes_down_with_a_negative_step() {
        answers("States.ArrayRange(3, 1, -1)", json!({}), json!([3, 2, 1]));
        answers("States.ArrayRange(1, 3, -1)", json!({}), json!([]));
        answers("States.ArrayRange(3, 1, 1)", json!({}), json!([]));
    }

    #[test]
    fn a_range_has_a_step_and_a_thousand_items() {
        assert_eq!(
            failure("States.ArrayRange(1, 2, 0)", json!({})),
            "Argument 3 must not be zero"
        );
        let Ok(Value::Array(items)) = evaluated("States.ArrayRange(1, 1000, 1)", json!({})) else {
            panic!("a thousand items are allowed");
        };
        assert_eq!(items.len(), 1_000);
        for call in [
            "States.ArrayRange(0, 1000, 1)",
            "States.ArrayRange(-9223372036854775808, 9223372036854775807, 1)",
        ] {
            assert_eq!(
                failure(call, json!({})),
                "The array would have more than 1000 items"
            );
        }
    }

    #[test]
    fn of_equal_elements_the_first_stays() {
        answers(
            "States.ArrayUnique($)",
            json!([2, 1, 2, "1", { "a": 1, "b": 2 }, { "b": 2, "a": 1 }, 1.0]),
            json!([2, 1, "1", { "a": 1, "b": 2 }, 1.0]),
        );
    }

    #[test]
    fn what_is_no_array_fails() {
        assert_eq!(
            failure("States.ArrayLength($)", json!({})),
            "Argument 1 must be an array, but was an object"
        );
    }
}
