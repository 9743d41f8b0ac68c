//! The states of a definition as they are written, at whatever depth.

use serde_json::{Map, Value};

use super::{Location, QueryLanguage};

type Object = Map<String, Value>;

/// A `States` block and what it stands in: the machine, a branch, an item processor.
pub struct ScopeText<'a> {
    /// Where it stands.
    pub at: Location,
    /// Its fields.
    pub object: &'a Object,
    around: Around,
}

/// What the states of a scope have from around it.
#[derive(Clone, Copy)]
struct Around {
    /// The language of the states that do not say.
    language: QueryLanguage,
    is_express: bool,
}

impl<'a> ScopeText<'a> {
    fn new(value: &'a Value, at: Location, around: Around) -> Option<Self> {
        let object = value.as_object()?;
        Some(Self { at, object, around })
    }

    /// The whole definition.
    pub fn machine(definition: &'a Value) -> Option<Self> {
        let around = Around {
            language: language_of(definition.as_object()?, QueryLanguage::JsonPath),
            is_express: false,
        };
        Self::new(definition, Location::default(), around)
    }

    /// Whether it is the whole definition.
    pub fn is_machine(&self) -> bool {
        self.at.pointer().is_empty()
    }

    /// Its states, in its order.
    pub fn states(&self) -> impl Iterator<Item = StateText<'a>> + use<'a> {
        let states = self.object.get("States").and_then(Value::as_object);
        let at = self.at.member("States");
        let around = self.around;
        let states = states.into_iter().flatten();
        states.filter_map(move |(name, state)| {
            let object = state.as_object()?;
            Some(StateText {
                name,
                at: at.member(name),
                object,
                language: language_of(object, around.language),
                around,
            })
        })
    }

    /// Whether it has a state of this name.
    pub fn has(&self, name: &str) -> bool {
        let states = self.object.get("States");
        states.is_some_and(|states| states.get(name).is_some())
    }
}

/// A state as it is written.
pub struct StateText<'a> {
    /// Its key in `States`.
    pub name: &'a str,
    /// Where it stands.
    pub at: Location,
    /// Its fields.
    pub object: &'a Object,
    /// Its own, or that of what it is in.
    pub language: QueryLanguage,
    around: Around,
}

impl<'a> StateText<'a> {
    /// Whether this is its `Type`.
    pub fn is_of_type(&self, name: &str) -> bool {
        self.text("Type") == Some(name)
    }

    /// Whether it runs in Express executions, which a distributed Map state starts for its items.
    pub fn is_in_express(&self) -> bool {
        self.around.is_express
    }

    /// A field that is a string.
    pub fn text(&self, field: &str) -> Option<&'a str> {
        self.object.get(field).and_then(Value::as_str)
    }

    /// Whether an execution may end with it.
    pub fn is_end(&self) -> bool {
        self.object.get("End") == Some(&Value::Bool(true))
            || matches!(self.text("Type"), Some("Succeed" | "Fail"))
    }

    /// The elements of an array field, each with its place.
    pub fn elements(&self, field: &str) -> impl Iterator<Item = (&'a Value, Location)> {
        let at = self.at.member(field);
        let elements = self.object.get(field).and_then(Value::as_array);
        let elements = elements.into_iter().flatten().enumerate();
        elements.map(move |(index, element)| (element, at.element(index)))
    }

    /// The names of the states that it leads to, each with its place.
    pub fn targets(&self) -> Vec<(&'a str, Location)> {
        let named = |value: Option<&'a Value>, at: Location| Some((value?.as_str()?, at));
        let own = ["Next", "Default"]
            .into_iter()
            .filter_map(|field| named(self.object.get(field), self.at.member(field)));
        let inner = ["Choices", "Catch"]
            .into_iter()
            .flat_map(|field| self.elements(field))
            .filter_map(|(entry, at)| named(entry.get("Next"), at.member("Next")));
        own.chain(inner).collect()
    }

    fn processor(&self) -> Option<(&'a Value, Location)> {
        let processors = ["ItemProcessor", "Iterator"];
        processors
            .into_iter()
            .find_map(|field| Some((self.object.get(field)?, self.at.member(field))))
    }

    fn processor_config(&self, field: &str) -> Option<&'a str> {
        let (processor, _) = self.processor()?;
        processor.get("ProcessorConfig")?.get(field)?.as_str()
    }

    /// Where it says that it is a distributed Map state, if it is one.
    pub fn distributed_mode(&self) -> Option<Location> {
        let (_, at) = self.processor().filter(|_| self.is_of_type("Map"))?;
        let is_distributed = self.processor_config("Mode") == Some("DISTRIBUTED");
        is_distributed.then(|| at.member("ProcessorConfig").member("Mode"))
    }

    /// Its branches, or its item processor.
    pub fn inner_scopes(&self) -> Vec<ScopeText<'a>> {
        let is_express = self.distributed_mode().is_some()
            && self.processor_config("ExecutionType") == Some("EXPRESS");
        let around = Around {
            is_express: self.around.is_express || is_express,
            ..self.around
        };
        self.elements("Branches")
            .chain(self.processor())
            .filter_map(|(value, at)| ScopeText::new(value, at, around))
            .collect()
    }
}

fn language_of(object: &Object, otherwise: QueryLanguage) -> QueryLanguage {
    match object.get("QueryLanguage") {
        None => otherwise,
        Some(name) if name == "JSONPath" => QueryLanguage::JsonPath,
        Some(_) => QueryLanguage::Jsonata,
    }
}

/// Shows `visit` each scope, outer ones first.
pub fn scopes(definition: &Value, visit: &mut dyn FnMut(&ScopeText<'_>)) {
    if let Some(machine) = ScopeText::machine(definition) {
        scopes_in(&machine, visit);
    }
}

fn scopes_in(scope: &ScopeText<'_>, visit: &mut dyn FnMut(&ScopeText<'_>)) {
    visit(scope);
    for inner in scope.states().flat_map(|state| state.inner_scopes()) {
        scopes_in(&inner, visit);
    }
}

/// Shows `visit` each state.
pub fn states(definition: &Value, visit: &mut dyn FnMut(&StateText<'_>)) {
    scopes(definition, &mut |scope| {
        scope.states().for_each(|state| visit(&state));
    });
}
