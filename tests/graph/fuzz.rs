//! Scopes that nobody would write, from a seed.

use segno_console::graph::{
    layout::{Class, Edge, Node, Scope},
    metrics::Size,
};

/// Numbers that look like chance: xorshift64*.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below another one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % end
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn between(&mut self, (least, most): (i32, i32)) -> i32 {
        let span = usize::try_from(most - least + 1).expect("a range");
        least + i32::try_from(self.below(span)).expect("it is in the range")
    }
}

/// A scope with states of any size, and lines between any two of them.
pub(crate) fn scope(seed: u64, sizes: &Sizes) -> Scope {
    let mut dice = Dice::new(seed);
    let most = if dice.one_in(10) { 40 } else { 14 };
    let count = 2 + dice.below(most);
    let has_end = dice.one_in(2);
    let nodes = (0..count).map(|index| node(&mut dice, sizes, has_end && index + 1 == count));
    let mut scope = Scope {
        nodes: nodes.collect(),
        edges: Vec::new(),
    };
    let density = 1 + dice.below(3);
    // Every node has a way to it from one before.
    for to in 1..count {
        let from = dice.below(to);
        add(&mut scope, &mut dice, sizes, (from, to));
    }
    for _ in 0..dice.below(count * density) {
        let ends = (dice.below(count), dice.below(count));
        if !(has_end && ends.0 + 1 == count) {
            add(&mut scope, &mut dice, sizes, ends);
        }
    }
    scope
}

/// What sizes there are: from the least to the most.
pub(crate) struct Sizes {
    bubble: Size,
    state: (i32, i32),
    heights: [i32; 2],
    box_width: (i32, i32),
    box_height: (i32, i32),
    label: (i32, i32),
    /// Widths are even, or odd.
    odd: i32,
}

pub(crate) const PIXELS: Sizes = Sizes {
    bubble: Size {
        width: 60,
        height: 28,
    },
    state: (120, 220),
    heights: [40, 48],
    box_width: (160, 800),
    box_height: (100, 700),
    label: (20, 150),
    odd: 0,
};

pub(crate) const CELLS: Sizes = Sizes {
    bubble: Size {
        width: 9,
        height: 1,
    },
    state: (9, 32),
    heights: [3, 4],
    box_width: (15, 80),
    box_height: (6, 40),
    label: (3, 26),
    odd: 1,
};

fn node(dice: &mut Dice, sizes: &Sizes, is_last: bool) -> Node {
    let is_box = !is_last && dice.one_in(6);
    let mut size = match (is_last, is_box) {
        (true, _) => sizes.bubble,
        (_, true) => Size {
            width: dice.between(sizes.box_width),
            height: dice.between(sizes.box_height),
        },
        _ => Size {
            width: dice.between(sizes.state),
            height: sizes.heights[dice.below(2)],
        },
    };
    size.width = size.width / 2 * 2 + sizes.odd;
    Node {
        size,
        is_box,
        is_last,
    }
}

fn add(scope: &mut Scope, dice: &mut Dice, sizes: &Sizes, (from, to): (usize, usize)) {
    let is_catch = dice.one_in(3);
    let class = if is_catch {
        Class::Catch
    } else {
        Class::Normal
    };
    let is_known = |edge: &Edge| (edge.from, edge.to, edge.class) == (from, to, class);
    if scope.edges.iter().any(is_known) {
        return;
    }
    let label = dice.between(sizes.label) / 2 * 2 + sizes.odd;
    scope.edges.push(Edge {
        from,
        to,
        class,
        label_width: dice.one_in(2).then_some(label),
    });
}
