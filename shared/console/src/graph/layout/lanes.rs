//! One straight lane for all lines that lead back up to a node, where there is room for one.

use std::collections::BTreeMap;

use super::{
    Class, Scope,
    grid::{Grid, Lane},
    layers::Layers,
    sides::Side,
};
use crate::graph::metrics::Metrics;

/// The lanes that are elsewhere than the side of their node says.
#[derive(Debug, Default)]
pub(super) struct Lanes(BTreeMap<Lane, i32>);

impl Lanes {
    /// The column of a lane, if it was moved.
    pub(super) fn column(&self, lane: Lane) -> Option<i32> {
        self.0.get(&lane).copied()
    }
}

/// Moves lines that lead back up, and the lanes at both their ends, to one column that is free.
pub(super) fn straighten(
    scope: &Scope,
    layers: &Layers,
    sides: &[Side],
    grid: &Grid,
    columns: &mut [i32],
    metrics: &Metrics,
) -> Lanes {
    let mut room = Room::new(grid, metrics);
    let mut lanes = Lanes::default();
    for target in 0..scope.nodes.len() {
        for class in [Class::Normal, Class::Catch] {
            let back = layers.back_into(scope, target);
            let edges: Vec<usize> = back
                .filter(|&edge| {
                    scope.edges[edge].class == class && scope.edges[edge].from != target
                })
                .collect();
            if edges.is_empty() {
                continue;
            }
            let enter = (target, sides[target].enter(class).lane);
            let enter_moves = sides[target].enters_alone(scope.nodes[target].is_box);
            let mut free = room.beside(columns, enter, enter_moves);
            let mut passed = Vec::new();
            for &edge in &edges {
                let source = scope.edges[edge].from;
                let leave = (source, sides[source].leave(edge).lane);
                let leave_moves = sides[source].leaves_alone(scope.nodes[source].is_box);
                free = both(free, room.beside(columns, leave, leave_moves));
                for &segment in grid.chains[edge].iter().skip(1) {
                    let pass = grid.segments[segment].top.vertex;
                    free = both(free, room.between(columns, pass));
                    passed.push(pass);
                }
            }
            let (lane, rightmost) = free;
            if lane > rightmost {
                continue;
            }
            for pass in passed {
                columns[pass] = lane;
            }
            lanes.0.insert(Lane::Enter(target, class), lane);
            room.take(columns, target, lane);
            for edge in edges {
                lanes.0.insert(Lane::Leave(edge), lane);
                room.take(columns, scope.edges[edge].from, lane);
            }
        }
    }
    lanes
}

/// The columns that are in both ranges.
fn both(first: (i32, i32), second: (i32, i32)) -> (i32, i32) {
    (first.0.max(second.0), first.1.min(second.1))
}

/// What room there is between the vertices of a row.
struct Room<'g> {
    grid: &'g Grid,
    /// By vertex: its neighbours.
    left: Vec<Option<usize>>,
    right: Vec<Option<usize>>,
    /// By vertex: how much it takes up to the right, lanes that were moved included.
    extents: Vec<i32>,
    gap: i32,
}

impl<'g> Room<'g> {
    fn new(grid: &'g Grid, metrics: &Metrics) -> Self {
        let count = grid.vertices.len();
        let (mut left, mut right) = (vec![None; count], vec![None; count]);
        for pair in grid.layers.iter().flat_map(|layer| layer.windows(2)) {
            right[pair[0]] = Some(pair[1]);
            left[pair[1]] = Some(pair[0]);
        }
        Self {
            grid,
            left,
            right,
            extents: grid.vertices.iter().map(|vertex| vertex.right).collect(),
            gap: metrics.line_gap,
        }
    }

    /// Where a line may pass instead of at its vertex.
    fn between(&self, columns: &[i32], vertex: usize) -> (i32, i32) {
        let left = self.left[vertex].map_or(i32::MIN, |left| {
            columns[left] + self.extents[left] + self.gap
        });
        (left, self.rightmost(columns, vertex))
    }

    /// Where a lane at the side of a node may be.
    fn beside(&self, columns: &[i32], (node, lane): (usize, i32), moves: bool) -> (i32, i32) {
        let own = columns[node] + lane;
        match moves {
            true => (own, self.rightmost(columns, node)),
            false => (own, own),
        }
    }

    fn rightmost(&self, columns: &[i32], vertex: usize) -> i32 {
        self.right[vertex].map_or(i32::MAX, |right| {
            columns[right] - self.grid.vertices[right].left - self.gap
        })
    }

    /// A lane of this node is there now.
    fn take(&mut self, columns: &[i32], node: usize, lane: i32) {
        self.extents[node] = self.extents[node].max(lane - columns[node]);
    }
}
