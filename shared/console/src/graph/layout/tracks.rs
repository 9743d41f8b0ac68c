//! Between two rows: a track for the level piece of each line.
//!
//! Segments that begin at one place, or end at one, are a *net* with one level piece. A net that comes
//! down where another one goes down to must be above it. Where two nets want that of each other, one of
//! them takes a detour: down in a column that is free, and back on a track further below.

use std::collections::BTreeMap;

use super::grid::{End, Grid, VertexKind};
use crate::graph::metrics::Metrics;

/// Where the rows are, and the segments between them.
pub(super) struct Rows {
    /// By row: its top.
    pub(super) tops: Vec<i32>,
    /// By segment: the heights at which it turns, and the column in which it goes on from there.
    pub(super) turns: Vec<Vec<(i32, i32)>>,
}

/// Gives every level piece its height, and every row. `ports` has the columns of the ends of each
/// segment.
pub(super) fn rows(grid: &Grid, ports: &[(i32, i32)], metrics: &Metrics) -> Rows {
    let mut rows = Rows {
        tops: Vec::new(),
        turns: vec![Vec::new(); grid.segments.len()],
    };
    let has_only_labels = |layer: usize| {
        let mut vertices = grid.layers[layer].iter();
        usize::from(vertices.all(|&vertex| grid.vertices[vertex].kind != VertexKind::Node))
    };
    let mut top = 0;
    for (layer, vertices) in grid.layers.iter().enumerate() {
        rows.tops.push(top);
        let heights = vertices.iter().map(|&vertex| grid.vertices[vertex].height);
        top += heights.max().unwrap_or(0);
        if layer + 1 == grid.layers.len() {
            break;
        }
        let mut gap = Gap::new(grid, layer, ports, metrics);
        gap.assign();
        top += metrics.above_tracks[has_only_labels(layer)];
        for (segment, turns) in gap.turns(top) {
            rows.turns[segment] = turns;
        }
        top += (gap.tracks - 1).max(0) * metrics.track
            + metrics.below_tracks[has_only_labels(layer + 1)];
    }
    rows
}

/// Segments that share a level piece.
#[derive(Default)]
struct Net {
    segments: Vec<usize>,
    /// The columns in which they come down to it, and in which they go on.
    tops: Vec<i32>,
    bottoms: Vec<i32>,
    /// From its left end to its right end.
    left: i32,
    right: i32,
    /// The nets that must be above it.
    below: Vec<usize>,
    /// Where it goes on elsewhere than below itself: its column, and the net that leads there.
    detours: BTreeMap<i32, (i32, usize)>,
    track: Option<i32>,
}

impl Net {
    fn add(&mut self, segment: usize, (top, bottom): (i32, i32)) {
        self.segments.push(segment);
        self.tops.push(top);
        self.bottoms.push(bottom);
        self.measure();
    }

    fn measure(&mut self) {
        let ends = || self.tops.iter().chain(&self.bottoms).copied();
        self.left = ends().min().unwrap_or(0);
        self.right = ends().max().unwrap_or(0);
    }

    fn spans(&self, column: i32) -> bool {
        self.left < column && column < self.right
    }

    /// How many crossings there are if this one is above the other.
    fn crossings_above(&self, other: &Self) -> i32 {
        let down = other.tops.iter().filter(|&&top| self.spans(top)).count();
        let on = self
            .bottoms
            .iter()
            .filter(|&&bottom| other.spans(bottom))
            .count();
        i32::try_from(down + on).expect("not so many lines")
    }
}

/// What is between two rows.
struct Gap<'a> {
    ports: &'a [(i32, i32)],
    metrics: &'a Metrics,
    nets: Vec<Net>,
    /// Columns that are in use.
    columns: Vec<i32>,
    tracks: i32,
}

impl<'a> Gap<'a> {
    fn new(grid: &Grid, layer: usize, ports: &'a [(i32, i32)], metrics: &'a Metrics) -> Self {
        let segments = &grid.gaps[layer];
        let mut gap = Self {
            ports,
            metrics,
            nets: nets(grid, segments, ports),
            columns: Vec::new(),
            tracks: 0,
        };
        let columns = segments.iter().map(|&segment| ports[segment]);
        gap.columns = columns.flat_map(|(top, bottom)| [top, bottom]).collect();
        for index in 0..gap.nets.len() {
            gap.nets[index].below = gap.above(index);
        }
        gap
    }

    fn touch(&self, first: i32, second: i32) -> bool {
        (first - second).abs() < self.metrics.touch
    }

    /// The nets that come down where a net goes on. One that leads there and nowhere else may meet it.
    fn above(&self, index: usize) -> Vec<usize> {
        let net = &self.nets[index];
        let must_be_above = |other: &Net| {
            net.bottoms.iter().any(|&bottom| {
                other.tops.iter().any(|&top| self.touch(top, bottom))
                    && other.bottoms.iter().any(|other| *other != bottom)
            })
        };
        let others = self.nets.iter().enumerate();
        others
            .filter(|(other, net)| *other != index && must_be_above(net))
            .map(|(other, _)| other)
            .collect()
    }

    fn overlap(&self, first: &Net, second: &Net) -> bool {
        let gap = self.metrics.track_gap;
        first.left < second.right + gap && second.left < first.right + gap
    }

    /// How many crossings it costs to have a net above another one and not below it.
    fn cost_above(&self, upper: usize, lower: usize) -> i32 {
        let (upper, lower) = (&self.nets[upper], &self.nets[lower]);
        if !self.overlap(upper, lower) {
            return 0;
        }
        (upper.crossings_above(lower) - lower.crossings_above(upper)).max(0)
    }

    /// Gives each net a track, from above: next is always the one with the fewest crossings more than if
    /// it were further below.
    fn assign(&mut self) {
        let mut left: Vec<usize> = (0..self.nets.len()).collect();
        let mut costs: Vec<i32> = left
            .iter()
            .map(|&net| left.iter().map(|&other| self.cost_above(net, other)).sum())
            .collect();
        let mut placed: Vec<usize> = Vec::new();
        while !left.is_empty() {
            let obstacles = |&net: &usize| self.obstacles(net).len();
            let free = left.iter().copied().filter(|net| obstacles(net) == 0);
            let next = free.min_by_key(|&net| (costs[net], net));
            let next = next.unwrap_or_else(|| {
                let cheapest = left.iter().copied();
                cheapest
                    .min_by_key(|net| (obstacles(net), costs[*net], *net))
                    .expect("some are left")
            });
            for detour in self.dodge(next) {
                let others = left.iter().filter(|&&other| other != next);
                costs.push(
                    others
                        .clone()
                        .map(|&other| self.cost_above(detour, other))
                        .sum(),
                );
                for &other in others {
                    costs[other] += self.cost_above(other, detour);
                }
                left.push(detour);
            }
            left.retain(|&net| net != next);
            for &other in &left {
                costs[other] -= self.cost_above(other, next);
            }
            let beside = placed.iter().map(|&other| &self.nets[other]);
            let beside = beside.filter(|other| self.overlap(other, &self.nets[next]));
            let track = beside
                .filter_map(|other| other.track)
                .max()
                .map_or(0, |track| track + 1);
            self.tracks = self.tracks.max(track + 1);
            self.nets[next].track = Some(track);
            placed.push(next);
        }
    }

    /// The nets that must be above a net and have no track yet.
    fn obstacles(&self, net: usize) -> Vec<usize> {
        let above = self.nets[net].below.iter().copied();
        above
            .filter(|&other| self.nets[other].track.is_none())
            .collect()
    }

    /// Sends a net around whatever should be above it and is not: where it would go down onto another
    /// one, it goes down beside it. Gives the nets that lead back.
    fn dodge(&mut self, index: usize) -> Vec<usize> {
        let obstacles = self.obstacles(index);
        let blocked = |bottom: &i32| {
            obstacles.iter().any(|&other| {
                let mut tops = self.nets[other].tops.iter();
                tops.any(|&top| self.touch(top, *bottom))
            })
        };
        let mut blocked: Vec<i32> = self.nets[index]
            .bottoms
            .iter()
            .copied()
            .filter(blocked)
            .collect();
        blocked.sort_unstable();
        blocked.dedup();
        let mut detours = Vec::new();
        for bottom in blocked {
            let column = self.free_column(bottom, index);
            self.columns.push(column);
            let mut detour = Net::default();
            detour.tops.push(column);
            detour.bottoms.push(bottom);
            detour.measure();
            self.nets.push(detour);
            let number = self.nets.len() - 1;
            let mut above = self.above(number);
            above.push(index);
            self.nets[number].below = above;
            let net = &mut self.nets[index];
            net.detours.insert(bottom, (column, number));
            net.bottoms
                .iter_mut()
                .filter(|other| **other == bottom)
                .for_each(|other| *other = column);
            net.measure();
            detours.push(number);
        }
        detours
    }

    /// The column nearest to another one in which nothing goes down; towards the rest of the net, if
    /// there is a choice.
    fn free_column(&self, near: i32, net: usize) -> i32 {
        let side = if self.nets[net].left < near { -1 } else { 1 };
        let is_free = |column: &i32| {
            let mut columns = self.columns.iter();
            columns.all(|other| (other - column).abs() > self.metrics.touch)
        };
        let candidates =
            (1..).flat_map(|distance| [near + side * distance, near - side * distance]);
        candidates
            .into_iter()
            .find(is_free)
            .expect("there are columns without end")
    }

    /// By segment, where it turns.
    fn turns(&self, top: i32) -> Vec<(usize, Vec<(i32, i32)>)> {
        let height = |net: &Net| top + net.track.unwrap_or(0) * self.metrics.track;
        let mut turns = Vec::new();
        for net in &self.nets {
            for &segment in &net.segments {
                let bottom = self.ports[segment].1;
                let turn = match net.detours.get(&bottom) {
                    Some(&(column, detour)) => {
                        vec![(height(net), column), (height(&self.nets[detour]), bottom)]
                    }
                    None => vec![(height(net), bottom)],
                };
                turns.push((segment, turn));
            }
        }
        turns
    }
}

/// The nets of a gap: lines that part are one, else lines that meet. Those that are straight and alone
/// need none.
fn nets(grid: &Grid, segments: &[usize], ports: &[(i32, i32)]) -> Vec<Net> {
    let (mut parting, mut meeting) = (BTreeMap::new(), BTreeMap::new());
    let key = |end: &End, segment: usize| (end.vertex, end.offset, grid.segments[segment].class);
    for &segment in segments {
        let ends = &grid.segments[segment];
        *parting.entry(key(&ends.top, segment)).or_insert(0) += 1;
        *meeting.entry(key(&ends.bottom, segment)).or_insert(0) += 1;
    }
    let mut nets: Vec<Net> = Vec::new();
    let mut known = BTreeMap::new();
    for &segment in segments {
        let ends = &grid.segments[segment];
        let (top, bottom) = (key(&ends.top, segment), key(&ends.bottom, segment));
        let shared = match (parting[&top] > 1, meeting[&bottom] > 1) {
            (false, false) if ports[segment].0 == ports[segment].1 => continue,
            (false, true) => (true, bottom),
            _ => (false, top),
        };
        let net = *known.entry(shared).or_insert_with(|| {
            nets.push(Net::default());
            nets.len() - 1
        });
        nets[net].add(segment, ports[segment]);
    }
    nets.retain(|net| net.left < net.right);
    nets
}
