//! Everything that takes room in the rows: the nodes, the labels of lines between them, and the lines
//! themselves where they pass.

use std::collections::HashMap;

use super::{Class, Scope, lanes::Lanes, layers::Layers, sides::Side};
use crate::graph::metrics::Metrics;

/// Something in a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vertex {
    pub(super) kind: VertexKind,
    pub(super) layer: usize,
    /// How much room it takes from its column to the left, and to the right.
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) height: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VertexKind {
    /// A node. Its index among the vertices is that in the scope.
    Node,
    /// The label of a line.
    Label,
    /// A line that passes.
    Pass,
}

/// A piece of a line, from a row to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Segment {
    pub(super) top: End,
    pub(super) bottom: End,
    pub(super) class: Class,
    /// It belongs to a line that leads back up.
    pub(super) is_back: bool,
}

/// Where a segment is at a vertex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct End {
    pub(super) vertex: usize,
    /// Its column, from that of the vertex.
    pub(super) offset: i32,
    /// The edge or the class whose lane it is, if it is a lane at the side of a node.
    pub(super) lane: Option<Lane>,
}

/// A column at the side of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lane {
    /// That of the lines of a class that enter a node.
    Enter(usize, Class),
    /// That of an edge that leaves one.
    Leave(usize),
}

/// The rows, and what leads from one to the next.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) vertices: Vec<Vertex>,
    pub(super) segments: Vec<Segment>,
    /// By segment: how much it wants to be straight.
    pub(super) weights: Vec<u8>,
    /// By row, the vertices from left to right.
    pub(super) layers: Vec<Vec<usize>>,
    /// By row, the segments below it.
    pub(super) gaps: Vec<Vec<usize>>,
    /// By vertex, the segments above it and below it.
    pub(super) above: Vec<Vec<usize>>,
    pub(super) below: Vec<Vec<usize>>,
    /// By edge, its segments from top to bottom, whichever way it leads.
    pub(super) chains: Vec<Vec<usize>>,
    /// By edge, the vertex of its label. Those that lead back up have theirs at a side.
    pub(super) labels: Vec<Option<usize>>,
}

/// How much the segments of a line want to be straight.
mod weight {
    /// Back up, or after an error.
    pub(super) const LEAST: u8 = 0;
    /// Beside a way that is longer.
    pub(super) const SIDE: u8 = 1;
    /// The main line.
    pub(super) const MAIN: u8 = 2;
}

impl Grid {
    pub(super) fn new(scope: &Scope, layers: &Layers, sides: &[Side], metrics: &Metrics) -> Self {
        let mut builder = Builder::new(scope, layers, sides, metrics);
        builder.walk();
        builder.finish()
    }

    /// By segment, the columns of its upper and its lower end.
    pub(super) fn port_columns(&self, columns: &[i32], lanes: &Lanes) -> Vec<(i32, i32)> {
        let column = |end: &End| {
            let moved = end.lane.and_then(|lane| lanes.column(lane));
            moved.unwrap_or(columns[end.vertex] + end.offset)
        };
        let segments = self.segments.iter();
        segments
            .map(|segment| (column(&segment.top), column(&segment.bottom)))
            .collect()
    }
}

struct Builder<'a> {
    scope: &'a Scope,
    layers: &'a Layers,
    sides: &'a [Side],
    metrics: &'a Metrics,
    grid: Grid,
    known: HashMap<Segment, usize>,
    /// Lines of one kind into one target share what passes a row.
    trunks: HashMap<(usize, Class, bool, usize), usize>,
    /// By node: a line leaves or enters that is taken when all is well.
    leaves_well: Vec<bool>,
    enters_well: Vec<bool>,
}

impl<'a> Builder<'a> {
    fn new(scope: &'a Scope, layers: &'a Layers, sides: &'a [Side], metrics: &'a Metrics) -> Self {
        let vertices = scope.nodes.iter().zip(sides).zip(&layers.of_node);
        let vertices = vertices.map(|((node, side), &layer)| Vertex {
            kind: VertexKind::Node,
            layer,
            left: node.size.width / 2,
            right: side.right,
            height: side.height,
        });
        let (edges, nodes) = (scope.edges.len(), scope.nodes.len());
        let mut builder = Self {
            scope,
            layers,
            sides,
            metrics,
            grid: Grid {
                vertices: vertices.collect(),
                segments: Vec::new(),
                weights: Vec::new(),
                layers: vec![Vec::new(); layers.count],
                gaps: vec![Vec::new(); layers.count],
                above: Vec::new(),
                below: Vec::new(),
                chains: vec![Vec::new(); edges],
                labels: vec![None; edges],
            },
            known: HashMap::new(),
            trunks: HashMap::new(),
            leaves_well: vec![false; nodes],
            enters_well: vec![false; nodes],
        };
        for (index, edge) in scope.edges.iter().enumerate() {
            if edge.class == Class::Normal && !layers.is_back[index] {
                builder.leaves_well[edge.from] = true;
                builder.enters_well[edge.to] = true;
            }
        }
        builder
    }

    /// Puts everything into its row, in the order of a search in depth: the order to begin with.
    fn walk(&mut self) {
        let mut is_seen = vec![false; self.scope.nodes.len()];
        let mut way = Vec::new();
        let mut enter = |this: &mut Self, way: &mut Vec<(usize, usize)>, node: usize| {
            if !std::mem::replace(&mut is_seen[node], true) {
                this.grid.layers[this.layers.of_node[node]].push(node);
                way.push((node, 0));
            }
        };
        if !self.scope.nodes.is_empty() {
            enter(self, &mut way, 0);
        }
        while let Some((node, next)) = way.last_mut() {
            let Some(&edge) = self.layers.out[*node].get(*next) else {
                way.pop();
                continue;
            };
            *next += 1;
            self.chain(edge);
            enter(self, &mut way, self.scope.edges[edge].to);
        }
    }

    /// Puts an edge into the rows that it passes.
    fn chain(&mut self, index: usize) {
        let edge = self.scope.edges[index];
        let is_back = self.layers.is_back[index];
        let (upper, lower) = if is_back {
            (edge.to, edge.from)
        } else {
            (edge.from, edge.to)
        };
        let mut above = self.upper_end(index, upper);
        let mut row = self.layers.of_node[upper] + 1;
        let weight = self.weight(index);
        if let (Some(width), false) = (edge.label_width, is_back) {
            let label = self.vertex(VertexKind::Label, row, width);
            self.grid.labels[index] = Some(label);
            above = self.segment(index, above, plain(label), weight);
            row += 1;
        }
        while row < self.layers.of_node[lower] {
            let trunk = (edge.to, edge.class, is_back, row);
            let pass = match self.trunks.get(&trunk) {
                Some(&pass) => pass,
                None => self.vertex(VertexKind::Pass, row, 0),
            };
            self.trunks.insert(trunk, pass);
            above = self.segment(index, above, plain(pass), weight);
            row += 1;
        }
        let below = self.lower_end(index, lower);
        self.segment(index, above, below, weight);
    }

    fn vertex(&mut self, kind: VertexKind, layer: usize, width: i32) -> usize {
        let height = match kind {
            VertexKind::Label => self.metrics.label_height,
            VertexKind::Node | VertexKind::Pass => 0,
        };
        self.grid.vertices.push(Vertex {
            kind,
            layer,
            left: width / 2,
            right: width / 2,
            height,
        });
        let index = self.grid.vertices.len() - 1;
        self.grid.layers[layer].push(index);
        index
    }

    /// Where an edge begins at the node that is its upper end.
    fn upper_end(&self, index: usize, node: usize) -> End {
        let edge = self.scope.edges[index];
        if self.layers.is_back[index] {
            return End {
                vertex: node,
                offset: self.sides[node].enter(edge.class).lane,
                lane: Some(Lane::Enter(node, edge.class)),
            };
        }
        let beside = edge.class == Class::Catch && self.leaves_well[node];
        self.at_border(node, if beside { self.metrics.catch_out } else { 0 })
    }

    /// Where an edge ends at the node that is its lower end.
    fn lower_end(&self, index: usize, node: usize) -> End {
        let edge = self.scope.edges[index];
        if self.layers.is_back[index] {
            return End {
                vertex: node,
                offset: self.sides[node].leave(index).lane,
                lane: Some(Lane::Leave(index)),
            };
        }
        let beside = edge.class == Class::Catch && self.enters_well[node];
        self.at_border(node, if beside { self.metrics.catch_in } else { 0 })
    }

    /// A place at the upper or lower border of a node, but not at its corner.
    fn at_border(&self, node: usize, offset: i32) -> End {
        let half = self.scope.nodes[node].size.width / 2;
        End {
            vertex: node,
            offset: offset.min(half - self.metrics.corner),
            lane: None,
        }
    }

    /// Adds a piece of an edge, or finds the one that it shares with another; gives the place from which
    /// the next piece goes on.
    fn segment(&mut self, edge: usize, top: End, bottom: End, weight: u8) -> End {
        let segment = Segment {
            top,
            bottom,
            class: self.scope.edges[edge].class,
            is_back: self.layers.is_back[edge],
        };
        let index = *self.known.entry(segment).or_insert_with(|| {
            self.grid.segments.push(segment);
            self.grid.weights.push(weight);
            self.grid.segments.len() - 1
        });
        self.grid.weights[index] = self.grid.weights[index].max(weight);
        self.grid.chains[edge].push(index);
        bottom
    }

    /// The child from which the way to the end is clearly the longest stays straight below. Where all are
    /// about equal, all want to, and their parent stands above their middle.
    fn weight(&self, index: usize) -> u8 {
        let edge = self.scope.edges[index];
        if edge.class == Class::Catch || self.layers.is_back[index] {
            return weight::LEAST;
        }
        let depth = |edge: usize| self.layers.depth[self.scope.edges[edge].to];
        let siblings = self.layers.out[edge.from].iter().copied();
        let mut depths: Vec<usize> = siblings
            .filter(|&other| {
                self.scope.edges[other].class == Class::Normal && !self.layers.is_back[other]
            })
            .map(depth)
            .collect();
        depths.sort_unstable_by(|a, b| b.cmp(a));
        match depths[..] {
            [longest, second, ..] if longest >= second + 2 && depth(index) < longest => {
                weight::SIDE
            }
            _ => weight::MAIN,
        }
    }

    fn finish(mut self) -> Grid {
        let count = self.grid.vertices.len();
        self.grid.above = vec![Vec::new(); count];
        self.grid.below = vec![Vec::new(); count];
        for (index, segment) in self.grid.segments.iter().enumerate() {
            let layer = self.grid.vertices[segment.top.vertex].layer;
            self.grid.gaps[layer].push(index);
            self.grid.below[segment.top.vertex].push(index);
            self.grid.above[segment.bottom.vertex].push(index);
        }
        self.grid
    }
}

/// The middle of a vertex that is no node.
fn plain(vertex: usize) -> End {
    End {
        vertex,
        offset: 0,
        lane: None,
    }
}
