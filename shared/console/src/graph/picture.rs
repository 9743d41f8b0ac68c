//! Everything that is drawn, with its place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use segno_asl::definition::{State, StateMachine, StateName, StateType};

use super::{
    edges::{Edge, edges, inner},
    layout::{self, Area, Class, Point, lay_out},
    metrics::{Metrics, Size},
};

/// The picture of a state machine.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Of all of it, with a margin.
    pub size: Size,
    /// The states at the top of the machine.
    pub scope: Scope,
}

/// States and lines that belong together. All places are in the whole picture.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// In the order in which a search in depth finds them.
    pub nodes: Vec<Node>,
    /// What leads from one to another.
    pub lines: Vec<Line>,
}

/// A state, or one of the bubbles at both ends.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where it is.
    pub area: Area,
    /// Its name as it is written, in one or two lines.
    pub text: Vec<String>,
    /// The scopes that are drawn in it.
    pub inner: Vec<Scope>,
}

/// What a node stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// Where executions begin.
    Start,
    /// Where they end.
    End,
    /// A state.
    State(Drawn),
}

/// A state that is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Its name.
    pub name: StateName,
    /// Its type.
    pub state_type: StateType,
    /// How many states are in it that are not drawn; 0 unless it is closed.
    pub hidden: usize,
}

/// What leads from one node to another.
#[derive(Debug, Clone)]
pub struct Line {
    /// The node that it leaves.
    pub from: usize,
    /// The node that it enters.
    pub to: usize,
    /// What it stands for.
    pub class: Class,
    /// Its way.
    pub points: Vec<Point>,
    /// What it says.
    pub label: Option<Label>,
}

/// What a line says.
#[derive(Debug, Clone)]
pub struct Label {
    /// Where it says it.
    pub area: Area,
    /// As much as there is room for.
    pub text: String,
    /// All of it.
    pub full: String,
}

/// Which boxes are open.
#[derive(Debug, Clone, Default)]
pub enum Open {
    /// All of them.
    All,
    /// As many as leave the picture in a size that can be looked at: of a machine with many states only
    /// the outer ones, or none.
    #[default]
    Some,
    /// Those that `Some` opens, and these.
    Also(BTreeSet<String>),
    /// None.
    None,
}

/// States up to which all boxes are open.
const STATES_MAX: usize = 100;

impl Picture {
    /// Lays out a state machine.
    pub fn of(machine: &StateMachine, open: &Open, metrics: &Metrics) -> Self {
        let plan = Plan {
            machine,
            open,
            metrics,
            levels_open: levels_open(machine, open),
        };
        let (mut scope, size) = plan.scope(&machine.start_at, 0);
        scope.shift(metrics.margin, metrics.margin);
        Self {
            size: Size {
                width: size.width + 2 * metrics.margin,
                height: size.height + 2 * metrics.margin,
            },
            scope,
        }
    }
}

/// How many boxes may be around each other and be open.
fn levels_open(machine: &StateMachine, open: &Open) -> usize {
    let drawn_with_one = || {
        let around = |state: &State| machine.around(&state.name).count();
        machine.states().filter(|state| around(state) <= 1).count()
    };
    match open {
        Open::All => usize::MAX,
        Open::None => 0,
        Open::Some | Open::Also(_) if machine.states().count() <= STATES_MAX => usize::MAX,
        Open::Some | Open::Also(_) => usize::from(drawn_with_one() <= STATES_MAX),
    }
}

impl Scope {
    fn shift(&mut self, x: i32, y: i32) {
        for node in &mut self.nodes {
            (node.area.x, node.area.y) = (node.area.x + x, node.area.y + y);
            node.inner.iter_mut().for_each(|scope| scope.shift(x, y));
        }
        for line in &mut self.lines {
            for point in &mut line.points {
                (point.x, point.y) = (point.x + x, point.y + y);
            }
            if let Some(Label { area, .. }) = &mut line.label {
                (area.x, area.y) = (area.x + x, area.y + y);
            }
        }
    }

    /// Moves everything to the corner, and gives the size.
    fn crop(&mut self) -> Size {
        let nodes = self.nodes.iter().map(|node| node.area);
        let labels = self
            .lines
            .iter()
            .filter_map(|line| Some(line.label.as_ref()?.area));
        let points = self.lines.iter().flat_map(|line| &line.points);
        let points = points.map(|&Point { x, y }| Area {
            x,
            y,
            width: 0,
            height: 0,
        });
        let areas: Vec<Area> = nodes.chain(labels).chain(points).collect();
        let least = |value: fn(&Area) -> i32| areas.iter().map(value).min().unwrap_or(0);
        let most = |value: fn(&Area) -> i32| areas.iter().map(value).max().unwrap_or(0);
        let (left, top) = (least(|area| area.x), least(|area| area.y));
        let right = most(|area| area.x + area.width);
        let bottom = most(|area| area.y + area.height);
        self.shift(-left, -top);
        Size {
            width: right - left,
            height: bottom - top,
        }
    }
}

/// What a picture is made from.
struct Plan<'a> {
    machine: &'a StateMachine,
    open: &'a Open,
    metrics: &'a Metrics,
    levels_open: usize,
}

impl Plan<'_> {
    /// A scope and its size, at the corner. The one at the top has bubbles at its ends.
    fn scope(&self, start_at: &StateName, depth: usize) -> (Scope, Size) {
        let has_bubbles = depth == 0;
        let states = found(self.machine, start_at);
        let mut scope = Scope::default();
        if has_bubbles {
            scope.nodes.push(self.bubble(NodeKind::Start, "Start"));
        }
        let first = scope.nodes.len();
        let names = states.iter().zip(first..);
        let indices: HashMap<&StateName, usize> =
            names.map(|(state, index)| (&state.name, index)).collect();
        for state in &states {
            scope.nodes.push(self.state(state, depth));
        }
        let mut merged = Merged::default();
        let end = scope.nodes.len();
        if has_bubbles {
            merged.add(0, first, None);
            scope.nodes.push(self.bubble(NodeKind::End, "End"));
        }
        for (state, from) in states.iter().zip(first..) {
            for edge in edges(state) {
                let to = match &edge.to {
                    Some(name) => indices.get(name).copied(),
                    None => has_bubbles.then_some(end),
                };
                if let Some(to) = to {
                    merged.add(from, to, Some(edge));
                }
            }
        }
        self.place(&mut scope, merged);
        let size = scope.crop();
        (scope, size)
    }

    fn bubble(&self, kind: NodeKind, text: &str) -> Node {
        Node {
            kind,
            area: at_corner(self.metrics.bubble),
            text: vec![text.to_owned()],
            inner: Vec::new(),
        }
    }

    fn state(&self, state: &State, depth: usize) -> Node {
        let scopes = inner(state);
        let is_named = |names: &BTreeSet<String>| names.contains(&*state.name);
        let is_open =
            depth < self.levels_open || matches!(self.open, Open::Also(names) if is_named(names));
        let drawn = |hidden| {
            NodeKind::State(Drawn {
                name: state.name.clone(),
                state_type: state.state_type(),
                hidden,
            })
        };
        if scopes.is_empty() {
            let text = self
                .metrics
                .name_font
                .wrap(&state.name, self.metrics.name_width_max);
            return self.plain(drawn(0), text);
        }
        if !is_open {
            let hidden = self.hidden(state);
            let name = self
                .metrics
                .name_font
                .fit(&state.name, self.metrics.name_width_max);
            let count = format!("{hidden} state{}", if hidden == 1 { "" } else { "s" });
            return self.plain(drawn(hidden), vec![name, count]);
        }
        let scopes = scopes.into_iter();
        let scopes = scopes.map(|(start_at, _)| self.scope(start_at, depth + 1));
        self.boxed(drawn(0), &state.name, scopes.collect())
    }

    /// A state that is not a box.
    fn plain(&self, kind: NodeKind, text: Vec<String>) -> Node {
        let widths = text.iter().map(|line| self.metrics.name_font.width(line));
        let width = widths.max().unwrap_or(0) + self.metrics.name_padding;
        Node {
            kind,
            area: at_corner(Size {
                width: self.metrics.width(width.max(self.metrics.node_width_min)),
                height: self.metrics.node_heights[text.len() - 1],
            }),
            text,
            inner: Vec::new(),
        }
    }

    /// A state with scopes in it, side by side.
    fn boxed(&self, kind: NodeKind, name: &str, scopes: Vec<(Scope, Size)>) -> Node {
        let metrics = self.metrics;
        let title = metrics.name_font.fit(name, metrics.title_width_max);
        let title_width = metrics.name_font.width(&title) + metrics.box_title_padding;
        let gaps = metrics.branch_gap * i32::try_from(scopes.len() - 1).expect("a few branches");
        let widths: i32 = scopes.iter().map(|(_, size)| size.width).sum();
        let content = widths + gaps + 2 * metrics.box_padding;
        let width = metrics.width(content.max(title_width));
        let heights = scopes.iter().map(|(_, size)| size.height);
        let height = metrics.box_header + heights.max().unwrap_or(0) + metrics.box_padding;
        let mut x = metrics.box_padding + (width - content) / 2;
        let inner = scopes.into_iter().map(|(mut scope, size)| {
            scope.shift(x, metrics.box_header);
            x += size.width + metrics.branch_gap;
            scope
        });
        Node {
            kind,
            inner: inner.collect(),
            area: at_corner(Size { width, height }),
            text: vec![title],
        }
    }

    /// How many states are in a box, at any depth.
    fn hidden(&self, state: &State) -> usize {
        let is_inside = |other: &&State| {
            self.machine
                .around(&other.name)
                .any(|around| around.name == state.name)
        };
        self.machine.states().filter(is_inside).count()
    }

    /// Gives everything its place.
    fn place(&self, scope: &mut Scope, merged: Merged) {
        let nodes = scope.nodes.iter().map(|node| layout::Node {
            size: Size {
                width: node.area.width,
                height: node.area.height,
            },
            is_box: !node.inner.is_empty(),
            is_last: node.kind == NodeKind::End,
        });
        let labels: Vec<Option<(String, String)>> = merged
            .labels
            .iter()
            .map(|labels| self.label(labels))
            .collect();
        let edges = merged.ends.iter().zip(&labels);
        let edges = edges.map(|(&(from, to, class), label)| layout::Edge {
            from,
            to,
            class,
            label_width: label.as_ref().map(|(text, _)| {
                let width = self.metrics.label_font.width(text) + self.metrics.label_padding;
                self.metrics.width(width)
            }),
        });
        let placed = lay_out(
            &layout::Scope {
                nodes: nodes.collect(),
                edges: edges.collect(),
            },
            self.metrics,
        );
        for (node, area) in scope.nodes.iter_mut().zip(placed.nodes) {
            node.area = area;
            node.inner
                .iter_mut()
                .for_each(|scope| scope.shift(area.x, area.y));
        }
        let lines = merged.ends.into_iter().zip(placed.lines).zip(labels);
        scope.lines = lines
            .map(|(((from, to, class), line), label)| Line {
                from,
                to,
                class,
                points: line.points,
                label: line
                    .label
                    .zip(label)
                    .map(|(area, (text, full))| Label { area, text, full }),
            })
            .collect();
    }

    /// What a line says that stands for several: the first, and how many more.
    fn label(&self, labels: &[(String, String)]) -> Option<(String, String)> {
        let (first, _) = labels.first()?;
        let more = match labels.len() - 1 {
            0 => String::new(),
            more => format!(" +{more}"),
        };
        let font = self.metrics.label_font;
        let first = first.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = font.fit(&first, self.metrics.label_width_max - font.width(&more)) + &more;
        let full: Vec<&str> = labels.iter().map(|(_, full)| full.as_str()).collect();
        Some((text, full.join("\n")))
    }
}

fn at_corner(size: Size) -> Area {
    Area {
        x: 0,
        y: 0,
        width: size.width,
        height: size.height,
    }
}

/// The states of a scope, in the order of a search in depth: that of rules, then what follows, then what
/// is done after errors.
fn found<'m>(machine: &'m StateMachine, start_at: &StateName) -> Vec<&'m State> {
    let mut seen = BTreeSet::new();
    let mut stack = vec![start_at.clone()];
    let mut states = Vec::new();
    while let Some(name) = stack.pop() {
        let Some(state) = machine.state(&name).filter(|_| seen.insert(name.clone())) else {
            continue;
        };
        states.push(state);
        stack.extend(edges(state).into_iter().rev().filter_map(|edge| edge.to));
    }
    states
}

/// Edges of one class from one node to another are one line.
#[derive(Default)]
struct Merged {
    ends: Vec<(usize, usize, Class)>,
    /// By line, what it says: as there is room for, and in full.
    labels: Vec<Vec<(String, String)>>,
    known: BTreeMap<(usize, usize, Class), usize>,
}

impl Merged {
    fn add(&mut self, from: usize, to: usize, edge: Option<Edge>) {
        let is_catch = edge.as_ref().is_some_and(|edge| edge.is_catch);
        let class = if is_catch {
            Class::Catch
        } else {
            Class::Normal
        };
        let line = *self.known.entry((from, to, class)).or_insert_with(|| {
            self.ends.push((from, to, class));
            self.labels.push(Vec::new());
            self.ends.len() - 1
        });
        let label = edge.filter(|edge| !edge.short.is_empty());
        self.labels[line].extend(label.map(|edge| (edge.short, edge.label)));
    }
}
