//! What must not be in a picture: anything that lies on anything else.

use segno_console::graph::layout::{Area, Point};

/// A scope with its places, whoever placed it.
pub(crate) struct Layout {
    pub(crate) nodes: Vec<Area>,
    pub(crate) lines: Vec<Line>,
}

pub(crate) struct Line {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) points: Vec<Point>,
    pub(crate) label: Option<Area>,
}

/// How near things may come to each other.
#[derive(Clone, Copy)]
pub(crate) struct Tolerance {
    /// By so much a line may enter a node, or a label.
    node_inside: i32,
    label_inside: i32,
    /// Lines that are nearer than this lie on each other.
    beside: i32,
    /// So far from the border of its nodes a line may begin and end.
    slack: i32,
    /// Lines run through the middle of cells that are so large.
    cell: i32,
}

pub(crate) const PIXELS: Tolerance = Tolerance {
    node_inside: 2,
    label_inside: 2,
    beside: 3,
    slack: 0,
    cell: 1,
};

/// In the cells of a terminal, each of 4 × 4.
pub(crate) const CELLS: Tolerance = Tolerance {
    node_inside: 2,
    label_inside: 1,
    beside: 4,
    slack: 2,
    cell: 4,
};

impl Tolerance {
    fn scale(self, layout: &mut Layout) {
        let (cell, middle) = (self.cell, self.cell / 2);
        let labels = layout
            .lines
            .iter_mut()
            .filter_map(|line| line.label.as_mut());
        for area in layout.nodes.iter_mut().chain(labels) {
            (area.x, area.y) = (area.x * cell, area.y * cell);
            (area.width, area.height) = (area.width * cell, area.height * cell);
        }
        for point in layout.lines.iter_mut().flat_map(|line| &mut line.points) {
            (point.x, point.y) = (point.x * cell + middle, point.y * cell + middle);
        }
    }
}

/// What lies on what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nodes(usize, usize),
    LabelAndNode(usize, usize),
    Labels(usize, usize),
    LineAndLabel(usize, usize),
    LineAndNode(usize, usize),
    Lines(usize, usize),
    /// It does not begin at its source or end at its target.
    Loose(usize),
    /// A piece is neither level nor upright.
    Slanted(usize),
}

/// Everything that is wrong with a layout.
pub(crate) fn faults(mut layout: Layout, tolerance: Tolerance) -> Vec<Fault> {
    tolerance.scale(&mut layout);
    let layout = &layout;
    let mut faults = Vec::new();
    for (index, node) in layout.nodes.iter().enumerate() {
        let others = layout.nodes.iter().enumerate().skip(index + 1);
        let hit = others.filter(|(_, other)| overlap(node, other));
        faults.extend(hit.map(|(other, _)| Fault::Nodes(index, other)));
    }
    for (index, line) in layout.lines.iter().enumerate() {
        ends(layout, index, tolerance, &mut faults);
        along(layout, index, tolerance, &mut faults);
        if let Some(label) = &line.label {
            around_label(layout, index, label, tolerance, &mut faults);
        }
    }
    faults
}

/// Whether a line begins and ends where it should.
fn ends(layout: &Layout, index: usize, tolerance: Tolerance, faults: &mut Vec<Fault>) {
    let line = &layout.lines[index];
    let (Some(first), Some(last)) = (line.points.first(), line.points.last()) else {
        return faults.push(Fault::Loose(index));
    };
    let is_near = |value: i32, border: i32| (value - border).abs() <= tolerance.slack;
    let is_at_border = |point: &Point, area: &Area| {
        let (right, bottom) = (area.x + area.width, area.y + area.height);
        let is_level = (area.y..=bottom).contains(&point.y);
        let is_upright = (area.x..=right).contains(&point.x);
        is_upright && (is_near(point.y, area.y) || is_near(point.y, bottom))
            || is_level && is_near(point.x, right)
    };
    if !is_at_border(first, &layout.nodes[line.from]) || !is_at_border(last, &layout.nodes[line.to])
    {
        faults.push(Fault::Loose(index));
    }
    if pieces(line).any(|(from, to)| from.x != to.x && from.y != to.y) {
        faults.push(Fault::Slanted(index));
    }
}

/// What a line runs over.
fn along(layout: &Layout, index: usize, tolerance: Tolerance, faults: &mut Vec<Fault>) {
    let line = &layout.lines[index];
    for (node, area) in layout.nodes.iter().enumerate() {
        if pieces(line).any(|piece| runs_through(piece, area, tolerance.node_inside)) {
            faults.push(Fault::LineAndNode(index, node));
        }
    }
    for (other, beside) in layout.lines.iter().enumerate().skip(index + 1) {
        // Those that part from one state, or meet at one, may share their way: one kind is one line.
        let (parts, meets) = (line.from == beside.from, line.to == beside.to);
        if !parts && !meets && lie_on_each_other(line, beside, tolerance.beside) {
            faults.push(Fault::Lines(index, other));
        }
    }
}

fn around_label(
    layout: &Layout,
    index: usize,
    label: &Area,
    tolerance: Tolerance,
    faults: &mut Vec<Fault>,
) {
    for (node, area) in layout.nodes.iter().enumerate() {
        if overlap(label, area) {
            faults.push(Fault::LabelAndNode(index, node));
        }
    }
    for (other, line) in layout.lines.iter().enumerate() {
        if other > index && line.label.is_some_and(|other| overlap(label, &other)) {
            faults.push(Fault::Labels(index, other));
        }
        let mut pieces = pieces(line);
        if other != index && pieces.any(|piece| runs_through(piece, label, tolerance.label_inside))
        {
            faults.push(Fault::LineAndLabel(other, index));
        }
    }
}

fn pieces(line: &Line) -> impl Iterator<Item = (Point, Point)> + '_ {
    line.points.windows(2).map(|piece| (piece[0], piece[1]))
}

fn overlap(first: &Area, second: &Area) -> bool {
    first.x < second.x + second.width
        && second.x < first.x + first.width
        && first.y < second.y + second.height
        && second.y < first.y + first.height
}

/// Whether a piece runs through the inside of an area.
fn runs_through((from, to): (Point, Point), area: &Area, inside: i32) -> bool {
    let (left, right) = (from.x.min(to.x), from.x.max(to.x));
    let (top, bottom) = (from.y.min(to.y), from.y.max(to.y));
    left < area.x + area.width - inside
        && area.x + inside < right
        && top < area.y + area.height - inside
        && area.y + inside < bottom
}

/// Whether pieces of two lines run in one place for longer than it takes to cross.
fn lie_on_each_other(first: &Line, second: &Line, beside: i32) -> bool {
    let shared = |a: (i32, i32), b: (i32, i32)| {
        a.0.max(a.1).min(b.0.max(b.1)) - a.0.min(a.1).max(b.0.min(b.1))
    };
    pieces(first).any(|(from, to)| {
        pieces(second).any(|(other_from, other_to)| {
            let are_upright = from.x == to.x && other_from.x == other_to.x;
            let are_level = from.y == to.y && other_from.y == other_to.y;
            (are_upright
                && (from.x - other_from.x).abs() < beside
                && shared((from.y, to.y), (other_from.y, other_to.y)) > 2)
                || (are_level
                    && (from.y - other_from.y).abs() < beside
                    && shared((from.x, to.x), (other_from.x, other_to.x)) > 2)
        })
    })
}
