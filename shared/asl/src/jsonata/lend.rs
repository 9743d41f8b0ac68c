//! Evaluation over values that are lent, not copied: the engine looks at what it comes to, level by
//! level, and what goes into the result as it is stays the value that it was.
//!
//! The engine lends itself to this only for its input document, and does not meter it. So what an
//! expression reads is put into an input document, from which definitions before the expression take
//! it, and only expressions that [run once](super::audit::runs_once) are evaluated here.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use jlens_core::{
    Bindings, Expression, Options,
    input::{Sink, Source, Sources},
    output::{Builder, Member, Output},
};

use super::states;
use crate::{
    data::{
        scope::Scope,
        value::{self, Array, Object, Value},
    },
    limits,
};

/// More items than these in an array, or more bytes in a string, and the metered evaluation decides.
const ITEMS_MAX: usize = 1 << 16;
const STRING_BYTES_MAX: usize = 1 << 20;

/// The definitions that take the variables of these names out of the input document.
pub(super) fn definitions<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names
        .map(|name| format!("${name} := $$.`{name}`; "))
        .collect()
}

/// The value of an expression that has such definitions before it. `None` if it has no value, or takes
/// more than little: then the metered evaluation says what it comes to.
pub(super) fn value(
    expression: &Expression,
    scope: &Scope<'_>,
    bindings: &Bindings,
    options: Options,
) -> Option<Value> {
    let options = options
        .max_array_length(ITEMS_MAX)
        .max_string_length(STRING_BYTES_MAX);
    let places = Rc::new_cyclic(|itself| Places {
        itself: itself.clone(),
        scope: *scope,
        lent: RefCell::default(),
    });
    let write = |output: Output<'_, '_>| output.write(&mut Result { places: &places });
    let value = expression
        .evaluate_source_to(&Document(&places), bindings, &options, write)
        .ok()??;
    (value.text_bytes() <= limits::JSONATA_BYTES_MAX).then_some(value)
}

/// The places that the engine has come to so far. It knows each by its number.
struct Places<'s> {
    itself: Weak<Self>,
    scope: Scope<'s>,
    lent: RefCell<Vec<Place<'s>>>,
}

#[derive(Clone, Copy)]
enum Place<'s> {
    /// The input document: `states`, and the variables.
    Everything,
    States,
    Array(&'s Array),
    Object(&'s Object),
}

impl<'s> Places<'s> {
    fn place(&self, index: u32) -> Place<'s> {
        self.lent.borrow()[index as usize]
    }

    fn lend(&self, place: Place<'s>, sink: &mut Sink<'_, 's>) {
        let index = self.lent.borrow().len();
        self.lent.borrow_mut().push(place);
        let index = u32::try_from(index).expect("the steps of an evaluation are limited to fewer");
        let itself = self.itself.upgrade().expect("it is used through its `Rc`");
        match place {
            Place::Array(_) => sink.array_of(&itself, index),
            Place::Everything | Place::States | Place::Object(_) => sink.object_of(&itself, index),
        }
    }

    fn write(&self, value: &'s Value, sink: &mut Sink<'_, 's>) {
        match value {
            Value::Null => sink.null(),
            Value::Bool(boolean) => sink.bool(*boolean),
            Value::Number(number) => sink.number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => sink.string(text),
            Value::Array(elements) => self.lend(Place::Array(elements), sink),
            Value::Object(members) => self.lend(Place::Object(members), sink),
        }
    }

    fn write_members<'m>(
        &self,
        members: impl Iterator<Item = (&'m str, &'s Value)>,
        sink: &mut Sink<'_, 's>,
    ) {
        for (name, value) in members {
            sink.key(name);
            self.write(value, sink);
        }
    }
}

impl<'s> Sources<'s> for Places<'s> {
    fn read(&self, index: u32, sink: &mut Sink<'_, 's>) -> std::result::Result<(), String> {
        match self.place(index) {
            Place::Everything => return Err("the document is read by its names only".into()),
            Place::States => self.write_members(states::members(&self.scope), sink),
            Place::Array(elements) => {
                sink.reserve(elements.len());
                elements
                    .iter()
                    .for_each(|element| self.write(element, sink));
            }
            Place::Object(members) => {
                sink.reserve(members.len());
                let members = members.iter().map(|(name, value)| (&**name, value));
                self.write_members(members, sink);
            }
        }
        Ok(())
    }

    fn read_field(
        &self,
        index: u32,
        name: &str,
        sink: &mut Sink<'_, 's>,
    ) -> std::result::Result<bool, String> {
        let found = match self.place(index) {
            Place::Everything if name == "states" => {
                self.lend(Place::States, sink);
                return Ok(true);
            }
            Place::Everything => self.scope.surroundings.variable(name),
            Place::States => states::member(&self.scope, name),
            Place::Object(members) => members.get(name),
            Place::Array(_) => return Ok(false),
        };
        if let Some(value) = found {
            self.write(value, sink);
        }
        Ok(true)
    }

    fn length(&self, index: u32) -> Option<usize> {
        match self.place(index) {
            Place::Array(elements) => Some(elements.len()),
            Place::Everything | Place::States | Place::Object(_) => None,
        }
    }

    fn read_item(
        &self,
        index: u32,
        item: usize,
        sink: &mut Sink<'_, 's>,
    ) -> std::result::Result<bool, String> {
        let Place::Array(elements) = self.place(index) else {
            return Ok(false);
        };
        if let Some(element) = elements.get(item) {
            self.write(element, sink);
        }
        Ok(true)
    }
}

struct Document<'p, 's>(&'p Rc<Places<'s>>);

impl<'s> Source<'s> for Document<'_, 's> {
    fn read(&self, sink: &mut Sink<'_, 's>) -> std::result::Result<(), String> {
        self.0.lend(Place::Everything, sink);
        Ok(())
    }
}

/// A result in the making.
struct Result<'p, 's> {
    places: &'p Rc<Places<'s>>,
}

impl Builder for Result<'_, '_> {
    type Value = Value;
    type Array = Vec<Value>;
    type Object = value::Builder;

    fn null(&mut self) -> Value {
        Value::Null
    }

    fn bool(&mut self, boolean: bool) -> Value {
        Value::Bool(boolean)
    }

    /// As the engine's own results have it: what has no fraction is an integer, as long as a double is
    /// sure of it.
    fn number(&mut self, number: f64) -> Value {
        const SURE: f64 = 9_007_199_254_740_992.0;
        match number.fract() == 0.0 && number.abs() < SURE {
            true => Value::from(number as i64),
            false => Value::from(number),
        }
    }

    fn string(&mut self, text: &str) -> Value {
        text.into()
    }

    fn array(&mut self, length: usize) -> Vec<Value> {
        Vec::with_capacity(length)
    }

    fn push(&mut self, array: &mut Vec<Value>, element: Value) {
        array.push(element);
    }

    fn end_array(&mut self, array: Vec<Value>) -> Value {
        array.into()
    }

    fn object(&mut self, _length: usize) -> value::Builder {
        Object::builder()
    }

    fn insert(&mut self, object: &mut value::Builder, name: &str, value: Value) {
        object.insert(name.into(), value);
    }

    fn end_object(&mut self, object: value::Builder) -> Value {
        object.finish().into()
    }

    /// What was lent, as it is: unless there is a double in it of which the engine makes an integer.
    fn input(&mut self, member: Member) -> Option<Value> {
        if !member.of(self.places) {
            return None;
        }
        let value = match self.places.place(member.index()) {
            Place::Array(elements) => Value::Array(elements.clone()),
            Place::Object(members) => Value::Object(members.clone()),
            Place::Everything | Place::States => return None,
        };
        (!value.has_whole_double()).then_some(value)
    }
}
