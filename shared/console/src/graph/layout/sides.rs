//! The right-hand side of a node, where lines that lead back up leave and enter.
//!
//! From above: the lines that leave, then those that enter. The first to leave has the lane nearest to
//! the node, and the last to enter; so none of them cross. Those that leave go up in their lanes, and
//! those that enter come from below. A box keeps them apart, at its bottom and its top.

use super::{Class, Scope, layers::Layers};
use crate::graph::metrics::Metrics;

/// What is at the right-hand side of a node. Offsets to the right are from its middle, those down from
/// its top.
#[derive(Debug)]
pub(super) struct Side {
    /// How far it takes up room to the right.
    pub(super) right: i32,
    /// How high the node must be.
    pub(super) height: i32,
    /// Where lines enter that lead back up to it, by class.
    enter: [Option<Slot>; 2],
    /// Where lines leave that lead back up, by edge.
    leave: Vec<(usize, Slot)>,
}

/// Where a line is at the side of a node.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) down: i32,
    /// The column in which it goes on.
    pub(super) lane: i32,
    /// Where its label begins.
    pub(super) label: i32,
}

impl Side {
    pub(super) fn of(scope: &Scope, layers: &Layers, index: usize, metrics: &Metrics) -> Self {
        let node = scope.nodes[index];
        let edge = node.size.width / 2;
        let enters = |class| {
            let mut back = layers.back_into(scope, index);
            back.any(|edge| scope.edges[edge].class == class)
        };
        let entering: Vec<Class> = [Class::Catch, Class::Normal]
            .into_iter()
            .filter(|&class| enters(class))
            .collect();
        let mut leaving: Vec<usize> = (0..scope.edges.len())
            .filter(|&edge| layers.is_back[edge] && scope.edges[edge].from == index)
            .collect();
        // Those that lead to the node itself come down again: nothing of its own is to be below them.
        leaving.sort_by_key(|&edge| scope.edges[edge].to == index);
        let count = i32::try_from(leaving.len() + entering.len()).expect("a few lines");
        let margin = match node.is_box {
            true => 2 * metrics.box_slot,
            false => metrics.slot_margin,
        };
        let height = match count {
            0 => node.size.height,
            count => node.size.height.max(metrics.slot * (count - 1) + margin),
        };
        let between = |number: usize| i32::try_from(number).expect("a few lines") * metrics.slot;
        // Inside the lanes of lines that enter a plain node there is room for labels: they are above.
        let lanes_in = edge + metrics.lane * i32::try_from(entering.len()).expect("two classes");
        let label = match node.is_box {
            true => lanes_in + metrics.side_label_gap,
            false => edge + metrics.side_label_gap,
        };
        let widths = leaving
            .iter()
            .filter_map(|&edge| scope.edges[edge].label_width);
        let labels_end = widths.max().map_or(edge, |width| label + width);
        let top = (height - metrics.slot * (count - 1)) / 2;
        let leave = leaving.iter().enumerate().map(|(number, &edge)| {
            let down = match node.is_box {
                true => height - metrics.box_slot - between(leaving.len() - 1 - number),
                false => top + between(number),
            };
            let number = i32::try_from(number).expect("a few lines");
            let lane = lanes_in.max(labels_end) + metrics.lane * (number + 1);
            (edge, Slot { down, lane, label })
        });
        let leave: Vec<(usize, Slot)> = leave.collect();
        let mut enter = [None; 2];
        for (number, &class) in entering.iter().enumerate() {
            let down = match node.is_box {
                true => metrics.box_slot + between(number),
                false => top + between(leaving.len() + number),
            };
            let outside = i32::try_from(entering.len() - number).expect("two classes");
            let lane = edge + metrics.lane * outside;
            enter[class as usize] = Some(Slot { down, lane, label });
        }
        let slots = leave
            .iter()
            .map(|(_, slot)| slot)
            .chain(enter.iter().flatten());
        let right = slots.map(|slot| slot.lane).max().unwrap_or(edge);
        Self {
            right,
            height,
            enter,
            leave,
        }
    }

    /// Where lines of a class enter that lead back up.
    pub(super) fn enter(&self, class: Class) -> Slot {
        self.enter[class as usize].expect("asked of a class that enters here")
    }

    /// Where a line leaves that leads back up.
    pub(super) fn leave(&self, edge: usize) -> Slot {
        let found = self.leave.iter().find(|(leaving, _)| *leaving == edge);
        found.expect("asked of an edge that leaves here").1
    }

    /// Whether a line that enters is the only one in its part of the side, which may move its lane.
    pub(super) fn enters_alone(&self, is_box: bool) -> bool {
        self.enter.iter().flatten().count() == 1 && (!is_box || self.leave.is_empty())
    }

    /// The same of a line that leaves.
    pub(super) fn leaves_alone(&self, is_box: bool) -> bool {
        self.leave.len() == 1 && (!is_box || self.enter.iter().all(Option::is_none))
    }
}
