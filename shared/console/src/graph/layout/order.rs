//! The order in each row: as few crossings as a few sweeps find.
//!
//! The search in depth gives an order that reads like the definition. Another one is taken only if it
//! has strictly fewer crossings, so that small graphs look as they were written.

use super::grid::{End, Grid};

/// Sweeps from one order to begin with.
const SWEEPS: usize = 24;

/// Sweeps without any gain after which it is left at that.
const IDLE_MAX: usize = 6;

/// Orders to begin with: as it is, the other way round, and so many others.
const SHUFFLES: u64 = 3;

/// Columns are far fewer than this: what an end's place in its row counts for.
const PLACE: i64 = 1 << 20;

/// Orders the vertices of each row.
pub(super) fn arrange(grid: &mut Grid) {
    let first = Order::new(grid, grid.layers.clone());
    let mut best = first.crossings();
    let mut layers = None;
    for start in 0..2 + SHUFFLES {
        if best == 0 {
            break;
        }
        let mut order = Order::new(grid, begin(&grid.layers, start));
        let mut idle = 0;
        for sweep in 0..SWEEPS {
            order.sweep(sweep);
            order.swap_neighbours();
            idle += 1;
            let crossings = order.crossings();
            if crossings < best {
                (best, idle) = (crossings, 0);
                layers = Some(order.layers.clone());
            }
            if best == 0 || idle == IDLE_MAX {
                break;
            }
        }
    }
    if let Some(layers) = layers {
        grid.layers = layers;
    }
}

/// An order to begin with.
fn begin(layers: &[Vec<usize>], start: u64) -> Vec<Vec<usize>> {
    let mut layers = layers.to_vec();
    match start {
        0 => {}
        1 => layers.iter_mut().for_each(|layer| layer.reverse()),
        seed => {
            // Chance would do; this is the same on every machine.
            let mixed =
                |vertex: usize| (vertex as u64 + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            for layer in &mut layers {
                layer.sort_by_key(|&vertex| mixed(vertex));
            }
        }
    }
    layers
}

struct Order<'g> {
    grid: &'g Grid,
    layers: Vec<Vec<usize>>,
    /// By vertex: its place in its row.
    places: Vec<i64>,
}

impl<'g> Order<'g> {
    fn new(grid: &'g Grid, layers: Vec<Vec<usize>>) -> Self {
        let mut order = Self {
            grid,
            places: vec![0; grid.vertices.len()],
            layers: Vec::new(),
        };
        for layer in &layers {
            order.number(layer);
        }
        order.layers = layers;
        order
    }

    fn number(&mut self, layer: &[usize]) {
        for (place, &vertex) in (0..).zip(layer) {
            self.places[vertex] = place;
        }
    }

    /// Where an end of a segment is, to be compared with others of its row.
    fn place(&self, end: &End) -> i64 {
        self.places[end.vertex] * PLACE + i64::from(end.offset)
    }

    fn crossings(&self) -> usize {
        let gaps = self.grid.gaps.iter();
        gaps.map(|gap| {
            let ends = gap.iter().map(|&segment| {
                let segment = &self.grid.segments[segment];
                (self.place(&segment.top), self.place(&segment.bottom))
            });
            let mut ends: Vec<(i64, i64)> = ends.collect();
            ends.sort_unstable();
            let mut below: Vec<i64> = ends.into_iter().map(|(_, bottom)| bottom).collect();
            inversions(&mut below)
        })
        .sum()
    }

    /// Sorts each row by where its neighbours are in the row before: downwards, then upwards.
    fn sweep(&mut self, sweep: usize) {
        let is_down = sweep.is_multiple_of(2);
        // Every other pair of sweeps has equals the other way round.
        let flips_ties = sweep % 4 >= 2;
        let count = self.layers.len();
        for index in 1..count {
            let row = if is_down { index } else { count - 1 - index };
            let mut layer = std::mem::take(&mut self.layers[row]);
            if flips_ties {
                layer.reverse();
            }
            layer.sort_by_cached_key(|&vertex| self.barycentre(vertex, is_down));
            self.number(&layer);
            self.layers[row] = layer;
        }
    }

    /// The mean place of the neighbours of a vertex, or its own if it has none.
    fn barycentre(&self, vertex: usize, is_down: bool) -> i64 {
        let near = match is_down {
            true => &self.grid.above[vertex],
            false => &self.grid.below[vertex],
        };
        let places = near.iter().map(|&segment| {
            let segment = &self.grid.segments[segment];
            let far = if is_down {
                &segment.top
            } else {
                &segment.bottom
            };
            let beside = match (far.lane, far.offset) {
                (Some(_), _) => PLACE * 2 / 5,
                (None, 0) => 0,
                (None, _) => PLACE / 100,
            };
            self.places[far.vertex] * PLACE + beside
        });
        match i64::try_from(near.len()) {
            Ok(count) if count > 0 => places.sum::<i64>() / count,
            _ => self.places[vertex] * PLACE,
        }
    }

    /// Swaps neighbours as long as that leaves fewer crossings.
    fn swap_neighbours(&mut self) {
        let mut is_better = true;
        while is_better {
            is_better = false;
            for row in 0..self.layers.len() {
                for place in 1..self.layers[row].len() {
                    let (left, right) = (self.layers[row][place - 1], self.layers[row][place]);
                    if self.gain(left, right) > 0 {
                        self.layers[row].swap(place - 1, place);
                        self.places.swap(left, right);
                        is_better = true;
                    }
                }
            }
        }
    }

    /// How many crossings fewer there are if two neighbours are swapped.
    fn gain(&self, left: usize, right: usize) -> i64 {
        let far = |segments: &[usize], is_above: bool| -> Vec<i64> {
            let ends = segments.iter().map(|&segment| {
                let segment = &self.grid.segments[segment];
                self.place(if is_above {
                    &segment.top
                } else {
                    &segment.bottom
                })
            });
            ends.collect()
        };
        let mut gain = 0;
        for (segments, is_above) in [(&self.grid.above, true), (&self.grid.below, false)] {
            let others = far(&segments[right], is_above);
            for end in far(&segments[left], is_above) {
                for other in &others {
                    gain += (end - other).signum();
                }
            }
        }
        gain
    }
}

/// How many pairs stand the wrong way round. Sorts them.
fn inversions(values: &mut [i64]) -> usize {
    if values.len() < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    let mut count = inversions(left) + inversions(right);
    let mut passed = 0;
    for value in right.iter() {
        passed += left[passed..]
            .iter()
            .take_while(|other| *other <= value)
            .count();
        count += left.len() - passed;
    }
    values.sort();
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversions_are_pairs_and_equals_are_none() {
        assert_eq!(inversions(&mut [1, 2, 2, 3]), 0);
        assert_eq!(inversions(&mut [3, 2, 2, 1]), 5);
        assert_eq!(inversions(&mut [2, 4, 1, 3, 5]), 3);
    }
}
