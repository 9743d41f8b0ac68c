//! The result: where nodes and labels are, and the points of each line.

use super::{
    Area, Class, Line, Placed, Point, Scope,
    grid::{Grid, Lane},
    lanes::Lanes,
    layers::Layers,
    sides::Side,
    tracks::Rows,
};

/// Everything that is known of a scope when its rows have been placed.
pub(super) struct Plan<'a> {
    pub(super) scope: &'a Scope,
    pub(super) layers: &'a Layers,
    pub(super) sides: &'a [Side],
    pub(super) grid: &'a Grid,
    /// By vertex.
    pub(super) columns: &'a [i32],
    pub(super) lanes: &'a Lanes,
    /// By segment: the columns of its ends.
    pub(super) ports: &'a [(i32, i32)],
    pub(super) rows: &'a Rows,
}

impl Plan<'_> {
    /// Puts it all together.
    pub(super) fn placed(&self, label_height: i32) -> Placed {
        let edges = 0..self.scope.edges.len();
        Placed {
            nodes: (0..self.scope.nodes.len())
                .map(|node| self.node(node))
                .collect(),
            lines: edges.map(|edge| self.line(edge, label_height)).collect(),
        }
    }

    fn node(&self, node: usize) -> Area {
        let width = self.scope.nodes[node].size.width;
        Area {
            x: self.columns[node] - width / 2,
            y: self.top(node),
            width,
            height: self.sides[node].height,
        }
    }

    fn top(&self, vertex: usize) -> i32 {
        self.rows.tops[self.grid.vertices[vertex].layer]
    }

    fn right(&self, node: usize) -> i32 {
        self.columns[node] + self.scope.nodes[node].size.width / 2
    }

    fn line(&self, index: usize, label_height: i32) -> Line {
        let edge = self.scope.edges[index];
        let is_back = self.layers.is_back[index];
        let mut points = Vec::new();
        if edge.from == edge.to {
            points = self.loop_of(index);
        } else {
            if is_back {
                points.push(self.entry(edge.to, edge.class));
            }
            for &segment in &self.grid.chains[index] {
                self.segment(segment, &mut points);
            }
            if is_back {
                points.push(self.exit(index));
                points.reverse();
            }
        }
        simplify(&mut points);
        let label = edge.label_width.map(|width| {
            let (x, y) = match self.grid.labels[index] {
                Some(label) => (self.columns[label] - width / 2, self.top(label)),
                None => {
                    let slot = self.sides[edge.from].leave(index);
                    let middle = self.top(edge.from) + slot.down;
                    (
                        self.columns[edge.from] + slot.label,
                        middle - label_height / 2,
                    )
                }
            };
            Area {
                x,
                y,
                width,
                height: label_height,
            }
        });
        Line { points, label }
    }

    /// Where a line that leads back up enters its target.
    fn entry(&self, node: usize, class: Class) -> Point {
        Point {
            x: self.right(node),
            y: self.top(node) + self.sides[node].enter(class).down,
        }
    }

    /// Where a line that leads back up leaves its source.
    fn exit(&self, edge: usize) -> Point {
        let node = self.scope.edges[edge].from;
        Point {
            x: self.right(node),
            y: self.top(node) + self.sides[node].leave(edge).down,
        }
    }

    /// A line from a node to itself.
    fn loop_of(&self, index: usize) -> Vec<Point> {
        let edge = self.scope.edges[index];
        let (exit, entry) = (self.exit(index), self.entry(edge.to, edge.class));
        let own = self.columns[edge.from] + self.sides[edge.from].leave(index).lane;
        let lane = self.lanes.column(Lane::Leave(index)).unwrap_or(own);
        vec![
            exit,
            Point { x: lane, ..exit },
            Point { x: lane, ..entry },
            entry,
        ]
    }

    /// The points of a segment, from above.
    fn segment(&self, index: usize, points: &mut Vec<Point>) {
        let segment = &self.grid.segments[index];
        let (mut x, bottom) = self.ports[index];
        let start = match segment.top.lane {
            Some(Lane::Enter(node, class)) => self.entry(node, class).y,
            _ => self.top(segment.top.vertex) + self.grid.vertices[segment.top.vertex].height,
        };
        points.push(Point { x, y: start });
        for &(y, column) in &self.rows.turns[index] {
            points.extend([Point { x, y }, Point { x: column, y }]);
            x = column;
        }
        let end = match segment.bottom.lane {
            Some(Lane::Leave(edge)) => self.exit(edge).y,
            _ => self.top(segment.bottom.vertex),
        };
        points.push(Point { x: bottom, y: end });
    }
}

/// Leaves out points at which a line does not turn.
fn simplify(points: &mut Vec<Point>) {
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for &point in points.iter() {
        if kept.last() == Some(&point) {
            continue;
        }
        if let [.., before, last] = kept[..] {
            let is_straight =
                before.x == last.x && last.x == point.x || before.y == last.y && last.y == point.y;
            if is_straight {
                kept.pop();
            }
        }
        kept.push(point);
    }
    *points = kept;
}
