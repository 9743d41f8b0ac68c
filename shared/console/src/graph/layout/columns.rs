//! The column of each vertex.
//!
//! U. Brandes and B. Köpf, "Fast and simple horizontal coordinate assignment" (2001): vertices of
//! neighbouring rows are aligned into blocks that are upright, as far as lines do not cross; the blocks
//! are pushed together. That is done four times, from above and from below, from the left and from the
//! right, and each vertex has the mean of the two middle columns.

use super::{
    Class,
    grid::{Grid, VertexKind},
};
use crate::graph::metrics::Metrics;

/// By vertex.
pub(super) fn columns(grid: &Grid, metrics: &Metrics) -> Vec<i32> {
    let is_bent = bent(grid);
    let mut runs: Vec<Vec<i32>> = Vec::new();
    for is_down in [true, false] {
        for is_mirrored in [false, true] {
            let run = Run {
                grid,
                metrics,
                is_bent: &is_bent,
                is_down,
                is_mirrored,
                places: places(grid, is_mirrored),
            };
            runs.push(run.columns());
        }
    }
    align_runs(grid, &mut runs);
    let count = grid.vertices.len();
    let middle = (0..count).map(|vertex| {
        let mut four = [0, 1, 2, 3].map(|run: usize| runs[run][vertex]);
        four.sort_unstable();
        // Rounded down everywhere: what was apart stays apart.
        (four[1] + four[2]).div_euclid(2)
    });
    middle.collect()
}

/// Puts the four runs over the narrowest: those from the left at its left edge, the others at its right.
fn align_runs(grid: &Grid, runs: &mut [Vec<i32>]) {
    let extent = |run: &Vec<i32>| {
        let edges = grid.vertices.iter().zip(run);
        let left = edges.clone().map(|(vertex, x)| x - vertex.left).min();
        let right = edges.map(|(vertex, x)| x + vertex.right).max();
        (left.unwrap_or(0), right.unwrap_or(0))
    };
    let extents: Vec<(i32, i32)> = runs.iter().map(extent).collect();
    let narrowest = extents.iter().min_by_key(|(left, right)| right - left);
    let (left, right) = *narrowest.expect("there are four");
    for (index, run) in runs.iter_mut().enumerate() {
        let shift = match index % 2 {
            0 => left - extents[index].0,
            _ => right - extents[index].1,
        };
        run.iter_mut().for_each(|x| *x += shift);
    }
}

fn places(grid: &Grid, is_mirrored: bool) -> Vec<usize> {
    let mut places = vec![0; grid.vertices.len()];
    for layer in &grid.layers {
        for (place, &vertex) in layer.iter().enumerate() {
            places[vertex] = if is_mirrored {
                layer.len() - 1 - place
            } else {
                place
            };
        }
    }
    places
}

/// By segment: it gives way to one that it crosses, or that has an end in common with it, and has more
/// reason to be straight.
fn bent(grid: &Grid) -> Vec<bool> {
    let kind = |vertex: usize| grid.vertices[vertex].kind;
    let passes = |index: usize| {
        let segment = &grid.segments[index];
        let ends = [segment.top.vertex, segment.bottom.vertex];
        ends.map(|vertex| kind(vertex) == VertexKind::Pass)
    };
    let rank = |index: usize| {
        let segment = &grid.segments[index];
        match (passes(index), segment.class) {
            _ if segment.is_back => 0,
            ([true, true], _) => 6,
            ([false, false], Class::Normal) => grid.weights[index] + 2,
            (_, Class::Normal) => 2,
            ([false, false], Class::Catch) => 1,
            (_, Class::Catch) => 0,
        }
    };
    let ranks: Vec<u8> = (0..grid.segments.len()).map(rank).collect();
    let places = places(grid, false);
    let mut is_bent = vec![false; grid.segments.len()];
    for gap in &grid.gaps {
        let ends = |index: usize| {
            let segment = &grid.segments[index];
            (places[segment.top.vertex], places[segment.bottom.vertex])
        };
        for &index in gap {
            let (top, bottom) = ends(index);
            let crosses = |&other: &usize| {
                let (other_top, other_bottom) = ends(other);
                top < other_top && bottom > other_bottom || top > other_top && bottom < other_bottom
            };
            let mut stronger = gap.iter().filter(|&&other| ranks[other] > ranks[index]);
            is_bent[index] = stronger.any(crosses);
        }
    }
    for (index, segment) in grid.segments.iter().enumerate() {
        let mut near = grid.below[segment.top.vertex]
            .iter()
            .chain(&grid.above[segment.bottom.vertex]);
        is_bent[index] |= near.any(|&other| ranks[other] > ranks[index]);
    }
    is_bent
}

/// One of the four.
struct Run<'g> {
    grid: &'g Grid,
    metrics: &'g Metrics,
    is_bent: &'g [bool],
    /// Vertices are aligned with those above them.
    is_down: bool,
    /// Left and right are swapped.
    is_mirrored: bool,
    /// By vertex: its place in its row, as this run sees it.
    places: Vec<usize>,
}

impl Run<'_> {
    fn columns(&self) -> Vec<i32> {
        let roots = self.blocks();
        let columns = self.push_together(&roots);
        let sign = if self.is_mirrored { -1 } else { 1 };
        roots.iter().map(|&root| sign * columns[root]).collect()
    }

    /// A row, as this run sees it.
    fn row(&self, layer: usize) -> Vec<usize> {
        let mut row = self.grid.layers[layer].clone();
        if self.is_mirrored {
            row.reverse();
        }
        row
    }

    /// By vertex, the one that stands for all that are upright with it.
    fn blocks(&self) -> Vec<usize> {
        let count = self.grid.vertices.len();
        let mut roots: Vec<usize> = (0..count).collect();
        let mut is_continued = vec![false; count];
        for index in 0..self.grid.layers.len() {
            let layer = match self.is_down {
                true => index,
                false => self.grid.layers.len() - 1 - index,
            };
            let mut free_from = 0;
            for vertex in self.row(layer) {
                for near in self.medians(vertex) {
                    let place = self.places[near];
                    if roots[vertex] == vertex && !is_continued[near] && place >= free_from {
                        roots[vertex] = roots[near];
                        is_continued[near] = true;
                        free_from = place + 1;
                    }
                }
            }
        }
        roots
    }

    /// The neighbours in the row before that a vertex would be upright with: one, or two to try.
    fn medians(&self, vertex: usize) -> Vec<usize> {
        let segments = match self.is_down {
            true => &self.grid.above[vertex],
            false => &self.grid.below[vertex],
        };
        let straight = segments.iter().filter(|&&index| !self.is_bent[index]);
        let straight = straight.map(|&index| &self.grid.segments[index]);
        let no_lanes =
            straight.filter(|segment| segment.top.lane.is_none() && segment.bottom.lane.is_none());
        let mut near: Vec<usize> = no_lanes
            .map(|segment| {
                if self.is_down {
                    segment.top.vertex
                } else {
                    segment.bottom.vertex
                }
            })
            .collect();
        near.sort_unstable_by_key(|&vertex| self.places[vertex]);
        near.dedup();
        match near.len() {
            0 => Vec::new(),
            count if count.is_multiple_of(2) => vec![near[count / 2 - 1], near[count / 2]],
            count => vec![near[count / 2]],
        }
    }

    /// By root, the column of its block: as far left as the blocks beside it let it, and then as far
    /// right as it can without moving any other.
    fn push_together(&self, roots: &[usize]) -> Vec<i32> {
        let count = roots.len();
        let (mut left_of, mut right_of) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for layer in 0..self.grid.layers.len() {
            for pair in self.row(layer).windows(2) {
                let apart = self.apart(pair[0], pair[1]);
                let (left, right) = (roots[pair[0]], roots[pair[1]]);
                left_of[right].push((left, apart));
                right_of[left].push((right, apart));
            }
        }
        let order = sorted(roots, &left_of);
        let mut columns = vec![0; count];
        for &root in &order {
            let near = left_of[root].iter();
            let column = near.map(|(left, apart)| columns[*left] + apart).max();
            columns[root] = column.unwrap_or(0).max(0);
        }
        for &root in order.iter().rev() {
            let near = right_of[root].iter();
            if let Some(column) = near.map(|(right, apart)| columns[*right] - apart).min() {
                columns[root] = columns[root].max(column);
            }
        }
        columns
    }

    /// How far the columns of two neighbours are apart, at least.
    fn apart(&self, first: usize, second: usize) -> i32 {
        let (left, right) = if self.is_mirrored {
            (second, first)
        } else {
            (first, second)
        };
        let (left, right) = (&self.grid.vertices[left], &self.grid.vertices[right]);
        let are_nodes = left.kind == VertexKind::Node && right.kind == VertexKind::Node;
        let gap = if are_nodes {
            self.metrics.node_gap
        } else {
            self.metrics.line_gap
        };
        left.right + gap + right.left
    }
}

/// The roots, each after those that are left of it.
fn sorted(roots: &[usize], left_of: &[Vec<(usize, i32)>]) -> Vec<usize> {
    let mut order = Vec::new();
    let mut is_seen = vec![false; roots.len()];
    for &root in roots {
        let mut way = vec![(root, 0)];
        if std::mem::replace(&mut is_seen[root], true) {
            continue;
        }
        while let Some((root, next)) = way.last_mut() {
            match left_of[*root].get(*next) {
                Some(&(left, _)) => {
                    *next += 1;
                    if !std::mem::replace(&mut is_seen[left], true) {
                        way.push((left, 0));
                    }
                }
                None => {
                    order.push(*root);
                    way.pop();
                }
            }
        }
    }
    order
}
