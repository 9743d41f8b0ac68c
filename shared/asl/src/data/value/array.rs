//! Arrays.

use std::{
    hash::{Hash, Hasher},
    ops::Deref,
    slice,
    sync::Arc,
};

use super::{Value, measure::Measure};

/// The elements of an array, shared.
#[derive(Clone)]
pub struct Array(Arc<Elements>);

struct Elements {
    /// What the elements come to, without the brackets.
    parts: Measure,
    elements: Vec<Value>,
}

impl Array {
    pub(super) fn measure(&self) -> Measure {
        Measure::container(self.0.parts, self.is_empty())
    }

    /// The array with another element at `index`, which must be in it. The elements are shared, and
    /// the list of them is copied.
    pub(crate) fn with(&self, index: usize, element: Value) -> Self {
        let mut elements = self.0.elements.clone();
        let replaced = Measure::of_element(&elements[index]);
        let part = Measure::of_element(&element);
        elements[index] = element;
        let count_levels = || Measure::levels_of(&elements);
        let parts = self.0.parts.replacing(replaced, part, count_levels);
        Self(Arc::new(Elements { parts, elements }))
    }
}

impl From<Vec<Value>> for Array {
    fn from(elements: Vec<Value>) -> Self {
        let parts = elements.iter().map(Measure::of_element).sum();
        Self(Arc::new(Elements { parts, elements }))
    }
}

impl FromIterator<Value> for Array {
    fn from_iter<T: IntoIterator<Item = Value>>(elements: T) -> Self {
        elements.into_iter().collect::<Vec<_>>().into()
    }
}

impl Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0.elements
    }
}

impl<'a> IntoIterator for &'a Array {
    type Item = &'a Value;
    type IntoIter = slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Hash for Array {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use crate::{data::number::to_json, json};

    use super::*;

    #[test]
    fn what_a_written_array_comes_to_is_what_it_would_if_it_were_built() {
        let before: Array = [json!(1), json!([["a"]]), json!(1.0)].into_iter().collect();
        for (index, element) in [(0, json!([[[[]]]])), (1, json!(null)), (2, json!("\""))] {
            let written = before.with(index, element.clone());
            let mut elements = before.to_vec();
            elements[index] = element;
            let built = Array::from(elements);
            assert!(written == built);
            assert_eq!(written.measure(), built.measure());
            let text = to_json(&Value::Array(written.clone()));
            assert_eq!(written.measure().text_bytes, text.len());
        }
    }
}
