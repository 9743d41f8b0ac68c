//! Whether every transition leads somewhere, and something leads to every state.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::{Diagnostic, Next, State, StateKind, StateName, codes};

/// A `States` block with its transitions: they may not leave it.
pub(super) struct Scope {
    at: String,
    start_at: Option<StateName>,
    states: BTreeMap<StateName, Vec<Edge>>,
    pointers: BTreeMap<StateName, String>,
    /// A state that could not be parsed: where it leads is not known, so nothing is unreachable.
    is_partial: bool,
}

struct Edge {
    target: StateName,
    at: String,
    field: &'static str,
}

impl Scope {
    pub(super) fn new(at: &str, start_at: Option<StateName>) -> Self {
        let is_partial = start_at.is_none();
        let at = at.to_owned();
        Self {
            at,
            start_at,
            states: BTreeMap::new(),
            pointers: BTreeMap::new(),
            is_partial,
        }
    }

    pub(super) fn add(&mut self, state: &State, at: &str) {
        self.states.insert(state.name.clone(), edges(state, at));
        self.pointers.insert(state.name.clone(), at.into());
    }

    pub(super) fn add_broken(&mut self, name: StateName) {
        self.states.insert(name, Vec::new());
        self.is_partial = true;
    }
}

fn edges(state: &State, at: &str) -> Vec<Edge> {
    let edge = |target: &StateName, pointer: String, field| Edge {
        target: target.clone(),
        at: pointer,
        field,
    };
    let mut edges = Vec::new();
    let mut next = |next: &Next| {
        if let Next::State(target) = next {
            edges.push(edge(target, format!("{at}/Next"), "Next"));
        }
    };
    match &state.kind {
        StateKind::Pass(pass) => next(&pass.next),
        StateKind::Wait(wait) => next(&wait.next),
        StateKind::Task(task) => next(&task.work.next),
        StateKind::Parallel(parallel) => next(&parallel.work.next),
        StateKind::Map(map) => next(&map.work.next),
        StateKind::Choice(choice) => {
            for (index, rule) in choice.rules.iter().enumerate() {
                edges.push(edge(
                    &rule.next,
                    format!("{at}/Choices/{index}/Next"),
                    "Next",
                ));
            }
            if let Some(default) = &choice.default {
                edges.push(edge(default, format!("{at}/Default"), "Default"));
            }
        }
        StateKind::Succeed | StateKind::Fail(_) => {}
    }
    for (index, catcher) in state.work().iter().flat_map(|work| &work.catch).enumerate() {
        edges.push(edge(
            &catcher.next,
            format!("{at}/Catch/{index}/Next"),
            "Next",
        ));
    }
    edges
}

/// Reports transitions that lead nowhere, and states that nothing leads to.
pub(super) fn transitions(scope: &Scope, diagnostics: &mut Vec<Diagnostic>) {
    let mut report = |message: String, location: String| {
        let code = codes::MISSING_TARGET;
        diagnostics.push(Diagnostic::error(code, location, message));
    };
    if let Some(start_at) = scope
        .start_at
        .as_ref()
        .filter(|name| !scope.states.contains_key(*name))
    {
        report(
            format!("Missing 'StartAt' target: {start_at}"),
            format!("{}/StartAt", scope.at),
        );
        return;
    }
    for edge in scope.states.values().flatten() {
        if !scope.states.contains_key(&edge.target) {
            report(
                format!("Missing '{}' target: {}", edge.field, edge.target),
                edge.at.clone(),
            );
        }
    }
    if scope.is_partial {
        return;
    }
    let reached = reachable(scope);
    for (name, at) in scope
        .pointers
        .iter()
        .filter(|(name, _)| !reached.contains(*name))
    {
        report(format!("State \"{name}\" is not reachable."), at.clone());
    }
}

fn reachable(scope: &Scope) -> HashSet<&StateName> {
    let mut reached: HashSet<&StateName> = scope.start_at.iter().collect();
    let mut queue: VecDeque<&StateName> = scope.start_at.iter().collect();
    while let Some(name) = queue.pop_front() {
        for edge in scope.states.get(name).into_iter().flatten() {
            if reached.insert(&edge.target) {
                queue.push_back(&edge.target);
            }
        }
    }
    reached
}
