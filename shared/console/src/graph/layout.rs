//! Where the states of one scope go, and the lines between them.
//!
//! Transitions never leave their scope, so each scope is laid out flat; a box is one node here, as large
//! as what is in it. Rows from top to bottom, upright lines, level pieces between the rows, in the
//! manner of Sugiyama: rows (`layers`), everything that takes room in them (`grid`), the order in
//! each row (`order`), columns (`columns`), and between the rows a track for each level piece
//! (`tracks`). Lines that lead back up run at the right-hand side (`sides`).
//!
//! Nothing overlaps, by construction: whatever takes room in a row is kept apart there, each piece of a
//! line is upright in a column of its own or level on a track of its own, and columns that two lines
//! need at once are dodged.

mod columns;
mod grid;
mod lanes;
mod layers;
mod order;
mod routes;
mod sides;
mod tracks;

use self::{grid::Grid, layers::Layers, routes::Plan, sides::Side};
use super::metrics::{Metrics, Size};

/// What is to be laid out. Every node can be reached from the first one.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The first one is where everything begins.
    pub nodes: Vec<Node>,
    /// At most one of each class from one node to another.
    pub edges: Vec<Edge>,
}

/// Something that lines lead to and from.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Its size; it may become higher, so that there is room for lines at its side.
    pub size: Size,
    /// Whether lines at its side keep to its top and bottom, as suits a box.
    pub is_box: bool,
    /// Whether it stands below everything else.
    pub is_last: bool,
}

/// A line.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// The node it leaves.
    pub from: usize,
    /// The node it enters.
    pub to: usize,
    /// What it stands for.
    pub class: Class,
    /// How wide its label is, if it has one.
    pub label_width: Option<i32>,
}

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The way when all is well.
    Normal,
    /// The way after an error.
    Catch,
}

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Its left edge.
    pub x: i32,
    /// Its top edge.
    pub y: i32,
    /// From left to right.
    pub width: i32,
    /// From top to bottom.
    pub height: i32,
}

/// Where everything is.
#[derive(Debug, Clone, Default)]
pub struct Placed {
    /// By node.
    pub nodes: Vec<Area>,
    /// By edge.
    pub lines: Vec<Line>,
}

/// The way of a line.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// From where it leaves its source to where it enters its target; every piece is level or upright.
    pub points: Vec<Point>,
    /// Where its label is.
    pub label: Option<Area>,
}

/// Lays out a scope.
pub fn lay_out(scope: &Scope, metrics: &Metrics) -> Placed {
    let layers = Layers::of(scope);
    let sides: Vec<Side> = (0..scope.nodes.len())
        .map(|node| Side::of(scope, &layers, node, metrics))
        .collect();
    let mut grid = Grid::new(scope, &layers, &sides, metrics);
    order::arrange(&mut grid);
    let mut columns = columns::columns(&grid, metrics);
    let lanes = lanes::straighten(scope, &layers, &sides, &grid, &mut columns, metrics);
    let ports = grid.port_columns(&columns, &lanes);
    let rows = tracks::rows(&grid, &ports, metrics);
    let plan = Plan {
        scope,
        layers: &layers,
        sides: &sides,
        grid: &grid,
        columns: &columns,
        lanes: &lanes,
        ports: &ports,
        rows: &rows,
    };
    plan.placed(metrics.label_height)
}
