//! Which row each node goes to, and which lines lead back up.

use super::Scope;

/// The rows of the nodes.
#[derive(Debug)]
pub(super) struct Layers {
    /// By node.
    pub(super) of_node: Vec<usize>,
    pub(super) count: usize,
    /// By edge: it leads back to a node that it comes from, or to its own.
    pub(super) is_back: Vec<bool>,
    /// By node, the edges that leave it, in the order of the scope; none that enter it again at once.
    pub(super) out: Vec<Vec<usize>>,
    /// By node: how many lines it is to the end, at most.
    pub(super) depth: Vec<usize>,
}

impl Layers {
    /// Longest paths from the first node. Lines back up are left aside; a line with a label spans one
    /// row more, which has its label.
    pub(super) fn of(scope: &Scope) -> Self {
        let count = scope.nodes.len();
        let mut out = vec![Vec::new(); count];
        for (index, edge) in scope.edges.iter().enumerate() {
            if edge.from != edge.to {
                out[edge.from].push(index);
            }
        }
        let (mut is_back, left) = search(scope, &out);
        for (index, edge) in scope.edges.iter().enumerate() {
            is_back[index] |= edge.from == edge.to;
        }
        let (mut of_node, mut depth) = (vec![0; count], vec![0; count]);
        let forward = |node: usize| out[node].iter().copied().filter(|&edge| !is_back[edge]);
        for &node in left.iter().rev() {
            for edge in forward(node) {
                let edge = &scope.edges[edge];
                let span = 1 + usize::from(edge.label_width.is_some());
                of_node[edge.to] = of_node[edge.to].max(of_node[node] + span);
            }
        }
        for &node in &left {
            let below = forward(node).map(|edge| depth[scope.edges[edge].to] + 1);
            depth[node] = below.max().unwrap_or(0);
        }
        let lowest_of = |of_node: &[usize], is_last: bool| {
            let nodes = scope.nodes.iter().zip(of_node);
            let layers = nodes.filter(|(node, _)| node.is_last == is_last);
            layers.map(|(_, layer)| *layer).max().unwrap_or(0)
        };
        let below_all = lowest_of(&of_node, false) + 1;
        for (node, layer) in scope.nodes.iter().zip(&mut of_node) {
            if node.is_last {
                *layer = below_all.max(*layer);
            }
        }
        Self {
            count: lowest_of(&of_node, false).max(lowest_of(&of_node, true)) + 1,
            of_node,
            is_back,
            out,
            depth,
        }
    }

    /// The edges that lead back up to a node, or to itself.
    pub(super) fn back_into<'a>(
        &'a self,
        scope: &'a Scope,
        node: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        (0..scope.edges.len())
            .filter(move |&edge| self.is_back[edge] && scope.edges[edge].to == node)
    }
}

/// A search in depth, along the edges in their order: which edges lead back to where the search comes
/// from, and the nodes in the order in which it leaves them.
fn search(scope: &Scope, out: &[Vec<usize>]) -> (Vec<bool>, Vec<usize>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Left,
    }
    let mut seen = vec![Seen::Not; scope.nodes.len()];
    let mut is_back = vec![false; scope.edges.len()];
    let (mut left, mut way) = (Vec::new(), Vec::new());
    if let Some(first) = seen.first_mut() {
        *first = Seen::Open;
        way.push((0, 0));
    }
    while let Some((node, next)) = way.last_mut() {
        let Some(&edge) = out[*node].get(*next) else {
            seen[*node] = Seen::Left;
            left.push(*node);
            way.pop();
            continue;
        };
        *next += 1;
        let target = scope.edges[edge].to;
        match seen[target] {
            Seen::Not => {
                seen[target] = Seen::Open;
                way.push((target, 0));
            }
            Seen::Open => is_back[edge] = true,
            Seen::Left => {}
        }
    }
    (is_back, left)
}
