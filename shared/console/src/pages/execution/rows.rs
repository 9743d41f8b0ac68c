//! The rows of the table of visits: what is inside a state stands below it, and the rounds of a loop are
//! folded, so that one that asks again and again does not bury the rest.

use std::collections::HashMap;

use super::View;
use crate::{execution::Execution, run::Visit};

/// Rounds of a loop from which on it is folded: the first and the last one are shown anyway.
const ROUNDS_MIN: usize = 4;

/// States of the longest round that is looked for.
const ROUND_STATES_MAX: usize = 12;

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// A visit, by its index.
    Visit(usize),
    Folded(Folded),
}

/// Rounds of a loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folded {
    /// Its visits in its own scope, by their indices. What is inside of them is folded with them.
    pub(super) visits: Vec<usize>,
    pub(super) rounds: usize,
}

impl Folded {
    /// The visits of the first of its rounds.
    pub(super) fn round(&self) -> &[usize] {
        &self.visits[..self.visits.len() / self.rounds]
    }
}

/// All rows, in their order.
pub(super) fn rows(execution: &Execution, view: &View) -> Vec<Row> {
    let visits = &execution.run.visits;
    let mut inside: HashMap<(Option<usize>, Option<u64>), Vec<usize>> = HashMap::new();
    let mut scopes: HashMap<Option<usize>, Vec<Option<u64>>> = HashMap::new();
    for (index, visit) in visits.iter().enumerate() {
        if !view.is_in_item(&execution.run, visit) {
            continue;
        }
        let scope = inside.entry((visit.around, visit.iteration)).or_default();
        if scope.is_empty() {
            scopes
                .entry(visit.around)
                .or_default()
                .push(visit.iteration);
        }
        scope.push(index);
    }
    let tree = Tree {
        visits,
        inside,
        scopes,
        unfolded: view.unfolded,
    };
    let mut rows = Vec::new();
    tree.add(None, &mut rows);
    rows
}

struct Tree<'a> {
    visits: &'a [Visit],
    /// By what is around them, and by item: visits in the order in which they began.
    inside: HashMap<(Option<usize>, Option<u64>), Vec<usize>>,
    /// The items of what is around.
    scopes: HashMap<Option<usize>, Vec<Option<u64>>>,
    unfolded: Option<usize>,
}

impl Tree<'_> {
    fn add(&self, around: Option<usize>, rows: &mut Vec<Row>) {
        let mut items = self.scopes.get(&around).cloned().unwrap_or_default();
        items.sort_unstable();
        for item in items {
            for row in self.fold(&self.inside[&(around, item)]) {
                let visit = match &row {
                    Row::Visit(visit) => Some(*visit),
                    Row::Folded(_) => None,
                };
                rows.push(row);
                if visit.is_some() {
                    self.add(visit, rows);
                }
            }
        }
    }

    /// The rows of a scope: of the rounds of a loop, the first and the last one.
    fn fold(&self, scope: &[usize]) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut at = 0;
        while at < scope.len() {
            let rest = &scope[at..];
            let Some((states, rounds)) = self.rounds(rest) else {
                rows.push(Row::Visit(rest[0]));
                at += 1;
                continue;
            };
            let all = &rest[..states * rounds];
            let (first, last) = (&all[..states], &all[all.len() - states..]);
            let between = &all[states..all.len() - states];
            rows.extend(first.iter().copied().map(Row::Visit));
            match self.unfolded == Some(between[0]) {
                true => rows.extend(between.iter().copied().map(Row::Visit)),
                false => rows.push(Row::Folded(Folded {
                    visits: between.to_vec(),
                    rounds: rounds - 2,
                })),
            }
            rows.extend(last.iter().copied().map(Row::Visit));
            at += all.len();
        }
        rows
    }

    /// How many states the rounds have that begin here, and how many rounds there are; `None` if there is
    /// no loop that is worth folding.
    fn rounds(&self, scope: &[usize]) -> Option<(usize, usize)> {
        let state = |index: &usize| self.visits[*index].state.as_str();
        (1..=ROUND_STATES_MAX.min(scope.len() / ROUNDS_MIN)).find_map(|states| {
            let mut same = scope.iter().zip(&scope[states..]);
            let repeated = same
                .by_ref()
                .take_while(|(one, next)| state(one) == state(next));
            let rounds = repeated.count() / states + 1;
            (rounds >= ROUNDS_MIN).then_some((states, rounds))
        })
    }
}
