//! What an expression may not do, seen without evaluating it.

use jlens_core::{
    Node, NodeKind,
    ast::{BinaryOp, FallbackOp, Stage},
};

use super::{Offered, engine::Program};

/// What a state machine has no use for: an input document, and operators newer than JSONata 2.0.6.
pub(super) fn unsupported(program: &Program) -> Vec<String> {
    let mut findings = Findings(Vec::new());
    findings.visit(&program.ast().root, true);
    findings.0
}

/// The members of `$states` that are not offered where the expression stands.
pub(super) fn not_offered(program: &Program, offered: Offered) -> Vec<String> {
    if program.reads_whole_states() {
        return Vec::new();
    }
    [
        ("result", Offered::Result),
        ("errorOutput", Offered::ErrorOutput),
    ]
    .into_iter()
    .filter(|(member, where_to)| *where_to != offered && program.reads_states(member))
    .map(|(member, _)| format!("Reference to '$states.{member}' is not supported here."))
    .collect()
}

/// The names of an expression that is nothing but names: `$states.input.order` is `states`, `input`
/// and `order`.
pub(super) fn plain_path(root: &Node) -> Option<Vec<String>> {
    let steps = match &root.kind {
        NodeKind::Path {
            steps,
            keep_singleton_array: false,
        } => steps.as_slice(),
        NodeKind::Variable { .. } => std::slice::from_ref(root),
        _ => return None,
    };
    let names = steps.iter().enumerate().map(|(index, step)| {
        let attributes = &step.attrs;
        let is_plain = attributes.stages.is_empty()
            && attributes.predicate.is_empty()
            && attributes.group.is_none()
            && attributes.focus.is_none()
            && attributes.index.is_none()
            && !attributes.keep_array;
        match &step.kind {
            NodeKind::Variable { name } if index == 0 && is_plain => Some(name.clone()),
            NodeKind::Name { name } if index > 0 && is_plain => Some(name.clone()),
            _ => None,
        }
    });
    let is_plain = root.attrs.group.is_none() && root.attrs.predicate.is_empty();
    names.collect::<Option<_>>().filter(|_| is_plain)
}

/// Functions that take what they are given and no function, and make at most as much as that.
const FRUGAL: &[&str] = &[
    "abs",
    "append",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "contains",
    "count",
    "distinct",
    "error",
    "exists",
    "floor",
    "formatBase",
    "formatNumber",
    "fromMillis",
    "hash",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "max",
    "merge",
    "millis",
    "min",
    "not",
    "now",
    "number",
    "power",
    "random",
    "reverse",
    "round",
    "sqrt",
    "string",
    "substring",
    "substringAfter",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "uuid",
    "zip",
];

/// More parts than these, and an expression may make much although each is little.
const PARTS_MAX: usize = 256;

/// Whether each part of an expression is evaluated at most once, names apart, and makes little: there
/// is nothing in it that goes through a list, and nothing that is called but frugal functions.
pub(super) fn runs_once(root: &Node) -> bool {
    let (mut parts, mut is_plain) = (0, true);
    root.walk(&mut |node| {
        parts += 1;
        is_plain &= is_evaluated_once(node);
    });
    is_plain && parts <= PARTS_MAX
}

fn is_evaluated_once(node: &Node) -> bool {
    let attributes = &node.attrs;
    let is_constant = |stage: &Stage| match stage {
        Stage::Filter { expr, .. } => matches!(expr.kind, NodeKind::Number { .. }),
        Stage::Index { .. } => false,
    };
    let has_plain_attributes = attributes.group.is_none()
        && attributes.focus.is_none()
        && attributes.index.is_none()
        && attributes.ancestor.is_none()
        && attributes
            .stages
            .iter()
            .chain(&attributes.predicate)
            .all(is_constant);
    has_plain_attributes
        && match &node.kind {
            NodeKind::Path { steps, .. } => {
                let mut inner = steps.iter().skip(1);
                inner.all(|step| matches!(step.kind, NodeKind::Name { .. }))
            }
            NodeKind::Function { procedure, .. } => matches!(
                &procedure.kind,
                NodeKind::Variable { name } if FRUGAL.contains(&name.as_str())
            ),
            NodeKind::Binary { op, .. } => *op != BinaryOp::Range,
            NodeKind::Bind { lhs, .. } => !matches!(
                &lhs.kind,
                NodeKind::Variable { name } if FRUGAL.contains(&name.as_str())
            ),
            NodeKind::Negate { .. }
            | NodeKind::Array { .. }
            | NodeKind::Object { .. }
            | NodeKind::Name { .. }
            | NodeKind::Variable { .. }
            | NodeKind::String { .. }
            | NodeKind::Number { .. }
            | NodeKind::Bool { .. }
            | NodeKind::Null
            | NodeKind::Condition { .. }
            | NodeKind::Block { .. } => true,
            NodeKind::Regex { .. }
            | NodeKind::Wildcard
            | NodeKind::Descendant
            | NodeKind::Parent { .. }
            | NodeKind::Fallback { .. }
            | NodeKind::Apply { .. }
            | NodeKind::Partial { .. }
            | NodeKind::Placeholder
            | NodeKind::Lambda(_)
            | NodeKind::Transform(_)
            | NodeKind::Sort { .. }
            | NodeKind::Error { .. } => false,
        }
}

struct Findings(Vec<String>);

impl Findings {
    /// `is_top`: the context of the node is that of the whole expression, which is nothing.
    fn visit(&mut self, node: &Node, is_top: bool) {
        match &node.kind {
            NodeKind::Name { name } if is_top => self.reference(name),
            NodeKind::Variable { name } if name == "$" => self.reference("$$"),
            NodeKind::Variable { name } if name.is_empty() && is_top => self.reference("$"),
            NodeKind::Wildcard if is_top => self.reference("*"),
            NodeKind::Descendant if is_top => self.reference("**"),
            NodeKind::Fallback { op, .. } => self.operator(*op),
            _ => {}
        }
        let inner = inner_context(node);
        let mut children = Vec::new();
        node.for_each_child(|child| children.push(child));
        for child in children {
            let is_inner = inner.iter().any(|inside| std::ptr::eq(*inside, child));
            self.visit(child, is_top && !is_inner);
        }
    }

    fn reference(&mut self, name: &str) {
        self.add(format!(
            "Reference to '{name}' at the top level is not supported."
        ));
    }

    fn operator(&mut self, operator: FallbackOp) {
        let symbol = operator.symbol();
        self.add(format!("The operator '{symbol}' is not supported."));
    }

    fn add(&mut self, finding: String) {
        if !self.0.contains(&finding) {
            self.0.push(finding);
        }
    }
}

/// The children that are evaluated with a value in this node as their context.
fn inner_context(node: &Node) -> Vec<&Node> {
    let mut inner = Vec::new();
    match &node.kind {
        NodeKind::Path { steps, .. } => inner.extend(steps.iter().skip(1)),
        NodeKind::Transform(transform) => {
            inner.extend([&transform.pattern, &transform.update]);
            inner.extend(&transform.delete);
        }
        NodeKind::Sort { terms } => inner.extend(terms.iter().map(|term| &term.expr)),
        _ => {}
    }
    for stage in node.attrs.stages.iter().chain(&node.attrs.predicate) {
        if let Stage::Filter { expr, .. } = stage {
            inner.push(expr);
        }
    }
    for (key, value) in node.attrs.group.iter().flat_map(|group| &group.pairs) {
        inner.extend([key, value]);
    }
    inner
}
