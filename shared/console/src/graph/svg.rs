//! The picture as SVG.

use std::{
    fmt::{self, Display, Write},
    ops::Range,
};

use segno_asl::definition::StateType;

use super::{
    layout::{Area, Class, Point},
    metrics::Metrics,
    palette::picture_style,
    picture::{Drawn, Label, Line, Node, NodeKind, Picture, Scope},
};

/// How far corners are rounded.
const RADIUS: i32 = 6;

/// From the tip of an arrow to where its line ends.
const ARROW: i32 = 6;

/// How far a line goes along with the one that it joins.
const JOIN: i32 = 7;

/// Wider names are told how wide they are, so that no other font makes them stick out.
const SURE_WIDTH: i32 = 140;

/// What an execution adds to a picture.
pub trait Overlay {
    /// What became of a state.
    fn state(&self, _name: &str) -> Mark {
        Mark::default()
    }

    /// Whether an execution went from a state to another one; `None` if there is no execution to show.
    fn is_taken(&self, _from: &NodeKind, _to: &NodeKind, _class: Class) -> Option<bool> {
        None
    }

    /// Where a state leads to when it is clicked.
    fn link(&self, _state: &Drawn) -> Option<String> {
        None
    }
}

/// A state as an execution leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mark {
    /// What became of it, and how that is shown; `None` if there is no execution to show.
    pub status: Option<Status>,
    /// A few words at its edge.
    pub badge: Option<String>,
    /// What is said of it beside its name and its type.
    pub spoken: Option<String>,
    /// It is the one that is looked at.
    pub is_selected: bool,
}

/// What became of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Status {
    Succeeded,
    Running,
    Failed,
    /// It failed, and the definition goes on elsewhere.
    Caught,
    /// For time or for an answer.
    Waiting,
    Aborted,
    NotReached,
}

impl Status {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Succeeded => "ok",
            Self::Running => "run",
            Self::Failed => "bad",
            Self::Caught => "caught",
            Self::Waiting => "wait",
            Self::Aborted => "stop",
            Self::NotReached => "idle",
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Caught => "failed and caught",
            Self::Waiting => "waiting",
            Self::Aborted => "aborted",
            Self::NotReached => "not reached",
        }
    }

    /// Its sign, in a box of 16 × 16.
    fn icon(self) -> Option<&'static str> {
        match self {
            Self::Succeeded => Some("M3 8.5L6.5 12L13 4.5"),
            Self::Running => Some("M8 2.5A5.5 5.5 0 1 1 2.5 8"),
            Self::Failed => Some("M4 4L12 12M12 4L4 12"),
            Self::Caught => Some("M8 3V9M8 11.6V12.6"),
            Self::Waiting => Some("M8 3.5V8L11 10"),
            Self::Aborted => Some("M4 8H12"),
            Self::NotReached => None,
        }
    }
}

/// A picture without an execution.
pub struct Plain;

impl Overlay for Plain {}

/// A picture that stands alone, with its style.
pub fn svg(picture: &Picture, overlay: &dyn Overlay) -> String {
    let drawing = embedded(picture, overlay);
    let (head, rest) = drawing.split_once('>').expect("it begins with a tag");
    format!(
        "{head} xmlns=\"http://www.w3.org/2000/svg\"><style>{}</style>{rest}\n",
        picture_style()
    )
}

/// A picture for a page that has the style.
pub fn embedded(picture: &Picture, overlay: &dyn Overlay) -> String {
    live(picture, overlay).text
}

/// A picture, and the parts of it that change when an execution goes on.
pub struct Live {
    /// All of it, for a page that has the style.
    pub text: String,
    /// The id of each part, and where in the text it is.
    pub parts: Vec<(String, Range<usize>)>,
}

/// A picture for a page that has the style, and that changes.
pub fn live(picture: &Picture, overlay: &dyn Overlay) -> Live {
    let (width, height) = (picture.size.width, picture.size.height);
    let mut drawing = Drawing {
        text: String::new(),
        parts: Vec::new(),
        overlay,
        lines: 0,
        states: 0,
    };
    // An image has nothing in it that can be clicked.
    let role = if leads_on(&picture.scope, overlay) {
        "group"
    } else {
        "img"
    };
    drawing.put(format_args!(
        "<svg class=\"graph\" role=\"{role}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" aria-label=\"State machine\"><title>State machine</title>"
    ));
    drawing.put(format_args!(
        "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>"
    ));
    drawing.scope(&picture.scope, 0);
    drawing.text.push_str("</svg>");
    Live {
        text: drawing.text,
        parts: drawing.parts,
    }
}

/// Whether any of its states is a link.
fn leads_on(scope: &Scope, overlay: &dyn Overlay) -> bool {
    scope.nodes.iter().any(|node| match &node.kind {
        NodeKind::State(state) => overlay.link(state).is_some(),
        NodeKind::Start | NodeKind::End => false,
    })
}

struct Drawing<'a> {
    text: String,
    parts: Vec<(String, Range<usize>)>,
    /// How many lines and states have been drawn: their ids.
    lines: usize,
    states: usize,
    overlay: &'a dyn Overlay,
}

impl Drawing<'_> {
    fn put(&mut self, text: fmt::Arguments<'_>) {
        self.text
            .write_fmt(text)
            .expect("a String takes every write");
    }

    /// Boxes, then the lines above them, then states.
    fn scope(&mut self, scope: &Scope, depth: usize) {
        for node in &scope.nodes {
            if let (NodeKind::State(state), false) = (&node.kind, node.inner.is_empty()) {
                self.boxed(node, state, depth);
            }
        }
        self.lines(scope);
        for label in scope
            .lines
            .iter()
            .filter_map(|line| Some((line.class, line.label.as_ref()?)))
        {
            self.label(label, depth);
        }
        for node in &scope.nodes {
            match &node.kind {
                NodeKind::State(state) if node.inner.is_empty() => self.state(node, state),
                NodeKind::State(_) => {}
                NodeKind::Start | NodeKind::End => self.bubble(node),
            }
        }
    }

    fn bubble(&mut self, node: &Node) {
        let Area {
            x,
            y,
            width,
            height,
        } = node.area;
        let (middle, line) = (x + width / 2, y + height / 2 + 4);
        let radius = height / 2;
        self.put(format_args!(
            "<g class=\"bubble\"><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/><text x=\"{middle}\" y=\"{line}\">{}</text></g>",
            node.text[0]
        ));
    }

    /// Opens what a state is drawn in: a link, if it leads anywhere. Gives where it begins.
    fn open(&mut self, state: &Drawn, mark: &Mark, class: &str) -> usize {
        let start = self.text.len();
        let id = self.states;
        let status = mark.status.map_or("", Status::class);
        let selected = if mark.is_selected { " selected" } else { "" };
        let (name, kind) = (Escaped(&state.name), state.state_type.name());
        match self.overlay.link(state) {
            Some(link) => {
                let spoken = mark.spoken.as_deref().unwrap_or_default();
                let comma = if spoken.is_empty() { "" } else { ", " };
                let (link, spoken) = (Escaped(&link), Escaped(spoken));
                self.put(format_args!(
                    "<a id=\"s{id}\" class=\"{class} {status}{selected}\" href=\"{link}\" aria-label=\"{name}, {kind}{comma}{spoken}\">"
                ));
            }
            None => self.put(format_args!("<g class=\"{class} {status}{selected}\">")),
        }
        let hidden = match state.hidden {
            0 => String::new(),
            count => format!(", {count} states in it"),
        };
        self.put(format_args!("<title>{name} ({kind}{hidden})</title>"));
        start
    }

    fn close(&mut self, state: &Drawn, start: usize) {
        let is_link = self.overlay.link(state).is_some();
        self.text.push_str(if is_link { "</a>" } else { "</g>" });
        self.parts
            .push((format!("s{}", self.states), start..self.text.len()));
        self.states += 1;
    }

    fn boxed(&mut self, node: &Node, state: &Drawn, depth: usize) {
        let Area {
            x,
            y,
            width,
            height,
        } = node.area;
        let mark = self.overlay.state(&state.name);
        let shade = if depth.is_multiple_of(2) {
            "box"
        } else {
            "box odd"
        };
        let start = self.open(state, &mark, shade);
        if state.state_type == StateType::Map {
            // One behind the other: it is done once for each item.
            let (x, y) = (x + 4, y + 4);
            self.put(format_args!(
                "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
            ));
        }
        self.put(format_args!(
            "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
        ));
        self.icon(state.state_type, x + 10, y + 10);
        self.put(format_args!(
            "<text class=\"title\" x=\"{}\" y=\"{}\">{}</text>",
            x + 32,
            y + 23,
            Escaped(&node.text[0])
        ));
        self.marks(node.area, &mark);
        for pair in node.inner.windows(2) {
            let middle = (right_edge(&pair[0]) + left_edge(&pair[1])) / 2;
            let (top, bottom) = (y + 36, y + height - 12);
            self.put(format_args!(
                "<path class=\"divider\" d=\"M{middle} {top}V{bottom}\"/>"
            ));
        }
        self.close(state, start);
        for scope in &node.inner {
            self.scope(scope, depth + 1);
        }
    }

    fn state(&mut self, node: &Node, state: &Drawn) {
        let Area {
            x,
            y,
            width,
            height,
        } = node.area;
        let mark = self.overlay.state(&state.name);
        let start = self.open(state, &mark, "state");
        if state.hidden > 0 {
            let (x, y) = (x + 4, y + 4);
            self.put(format_args!(
                "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
            ));
        }
        self.put(format_args!(
            "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
        ));
        self.icon(state.state_type, x + 9, y + height / 2 - 8);
        let lines = i32::try_from(node.text.len()).expect("one or two");
        let mut base = y + height / 2 + 5 - (lines - 1) * 8;
        for (index, text) in node.text.iter().enumerate() {
            let measured = Metrics::PIXELS.name_font.width(text);
            let length = match measured > SURE_WIDTH {
                true => format!(" textLength=\"{measured}\" lengthAdjust=\"spacingAndGlyphs\""),
                false => String::new(),
            };
            let class = if state.hidden > 0 && index > 0 {
                " class=\"count\""
            } else {
                ""
            };
            self.put(format_args!(
                "<text{class} x=\"{}\" y=\"{base}\"{length}>{}</text>",
                x + 31,
                Escaped(text)
            ));
            base += 16;
        }
        self.marks(node.area, &mark);
        self.close(state, start);
    }

    /// The sign of a type.
    fn icon(&mut self, state_type: StateType, x: i32, y: i32) {
        let path = match state_type {
            StateType::Task => "M2.5 4.5h11v7h-11zM2.5 7h11",
            StateType::Choice => "M8 2L14 8L8 14L2 8Z",
            StateType::Wait => "M8 2.5a5.5 5.5 0 1 0 .01 0M8 5V8L10.2 9.6",
            StateType::Pass => "M2.5 8H13M9.5 4.5L13 8L9.5 11.5",
            StateType::Succeed => "M8 2.5a5.5 5.5 0 1 0 .01 0M5.2 8.2L7.3 10.2L10.8 6",
            StateType::Fail => "M8 2.5a5.5 5.5 0 1 0 .01 0M5.8 5.8L10.2 10.2M10.2 5.8L5.8 10.2",
            StateType::Parallel => "M3 3V13M8 3V13M13 3V13",
            StateType::Map => "M3 5.5h8v8h-8zM5.5 5.5v-2.5h8v8h-2.5",
        };
        self.put(format_args!(
            "<path class=\"icon\" transform=\"translate({x} {y})\" d=\"{path}\"/>"
        ));
    }

    /// What an execution adds to a state: a sign at its corner, a few words at its lower edge.
    fn marks(&mut self, area: Area, mark: &Mark) {
        let (right, bottom) = (area.x + area.width, area.y + area.height);
        if let Some(icon) = mark.status.and_then(Status::icon) {
            self.put(format_args!(
                "<g class=\"sign\" transform=\"translate({} {})\"><circle r=\"9\"/><path transform=\"translate(-5.8 -5.8) scale(.72)\" d=\"{icon}\"/></g>",
                right - 2,
                area.y + 2
            ));
        }
        if let Some(badge) = &mark.badge {
            let width = Metrics::PIXELS.label_font.width(badge) + 8;
            let (x, y) = (area.x + 10, bottom - 6);
            self.put(format_args!(
                "<g class=\"badge\"><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"15\" rx=\"7.5\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
                x + width / 2,
                y + 11,
                Escaped(badge)
            ));
        }
    }

    fn label(&mut self, (class, label): (Class, &Label), depth: usize) {
        let Area {
            x,
            y,
            width,
            height,
        } = label.area;
        let caught = if class == Class::Catch { " catch" } else { "" };
        let shade = if depth % 2 == 1 { " odd" } else { "" };
        self.put(format_args!(
            "<g class=\"label{caught}{shade}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/><text x=\"{}\" y=\"{}\">{}</text></g>",
            Escaped(&label.full),
            x + width / 2,
            y + 12,
            Escaped(&label.text)
        ));
    }

    /// The lines of a scope. Those that meet on their way to a state are drawn once from there on, or
    /// their dashes would fill each other's gaps. Those that an execution took are drawn over that.
    fn lines(&mut self, scope: &Scope) {
        let mut lines: Vec<&Line> = scope.lines.iter().collect();
        lines.sort_by_key(|line| (line.class == Class::Normal, length(&line.points)));
        let mut drawn: Vec<&Line> = Vec::new();
        for line in lines.into_iter().rev() {
            let is_alike = |other: &&&Line| other.to == line.to && other.class == line.class;
            let joined = drawn.iter().filter(is_alike);
            let joined = joined.filter_map(|other| joining(&line.points, &other.points));
            let joined = joined.min_by_key(Vec::len);
            let class = match (line.class, self.taken(scope, line).is_some()) {
                (Class::Normal, false) => "line",
                (Class::Normal, true) => "line idle",
                (Class::Catch, false) => "line catch",
                (Class::Catch, true) => "line catch idle",
            };
            match &joined {
                Some(points) => self.put(format_args!(
                    "<path class=\"{class}\" d=\"{}\"/>",
                    Path(points)
                )),
                None => self.arrow(class, &line.points),
            }
            drawn.push(line);
        }
        for line in &scope.lines {
            let Some(is_taken) = self.taken(scope, line) else {
                continue;
            };
            let (id, start) = (format!("l{}", self.lines), self.text.len());
            self.lines += 1;
            self.put(format_args!("<g id=\"{id}\">"));
            if is_taken {
                let class = if line.class == Class::Catch {
                    "line catch taken"
                } else {
                    "line taken"
                };
                self.arrow(class, &line.points);
            }
            self.text.push_str("</g>");
            self.parts.push((id, start..self.text.len()));
        }
    }

    fn taken(&self, scope: &Scope, line: &Line) -> Option<bool> {
        let (from, to) = (&scope.nodes[line.from].kind, &scope.nodes[line.to].kind);
        self.overlay.is_taken(from, to, line.class)
    }

    /// A line with an arrow at its end.
    fn arrow(&mut self, class: &str, points: &[Point]) {
        let [.., before, tip] = points else {
            return;
        };
        let (right, down) = ((tip.x - before.x).signum(), (tip.y - before.y).signum());
        let mut shortened = points.to_vec();
        if let Some(end) = shortened.last_mut() {
            (end.x, end.y) = (tip.x - right * ARROW, tip.y - down * ARROW);
        }
        let (x, y) = (tip.x, tip.y);
        let head = match (right, down) {
            (0, 1) => "l-3.6 -8h7.2z",
            (0, _) => "l-3.6 8h7.2z",
            (1, _) => "l-8 -3.6v7.2z",
            _ => "l8 -3.6v7.2z",
        };
        self.put(format_args!(
            "<g class=\"{class}\"><path d=\"{}\"/><path class=\"head\" d=\"M{x} {y}{head}\"/></g>",
            Path(&shortened)
        ));
    }
}

fn left_edge(scope: &Scope) -> i32 {
    scope
        .nodes
        .iter()
        .map(|node| node.area.x)
        .min()
        .unwrap_or(0)
}

fn right_edge(scope: &Scope) -> i32 {
    let nodes = scope.nodes.iter().map(|node| node.area.x + node.area.width);
    let points = scope
        .lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|point| point.x);
    nodes.chain(points).max().unwrap_or(0)
}

/// The part of a line up to where it joins another one, from where both go the same way to their end;
/// `None` if they only meet at their end.
fn joining(line: &[Point], other: &[Point]) -> Option<Vec<Point>> {
    let is_on = |point: Point| {
        other.windows(2).any(|piece| {
            let (from, to) = (piece[0], piece[1]);
            let between =
                |value: i32, from: i32, to: i32| from.min(to) <= value && value <= from.max(to);
            between(point.x, from.x, to.x) && between(point.y, from.y, to.y)
        })
    };
    let first = line.iter().rposition(|&point| !is_on(point))? + 1;
    let (&before, &corner, &next) = (line.get(first - 1)?, line.get(first)?, line.get(first + 1)?);
    let mut part = line[..first].to_vec();
    if let Some(meeting) = meeting(before, corner, other) {
        part.push(meeting);
        return Some(part);
    }
    // It turns into the other one.
    let along = JOIN.min(length(&[corner, next]));
    part.push(corner);
    part.push(Point {
        x: corner.x + (next.x - corner.x).signum() * along,
        y: corner.y + (next.y - corner.y).signum() * along,
    });
    Some(part)
}

/// Where a piece that ends on another line comes to lie on it before its end.
fn meeting(before: Point, end: Point, other: &[Point]) -> Option<Point> {
    let ends = other
        .windows(2)
        .flat_map(|piece| [(piece[0], piece[1]), (piece[1], piece[0])]);
    let within =
        |value: i32, first: i32, last: i32| first.min(last) <= value && value <= first.max(last);
    let mut met = ends.filter(|(near, far)| {
        let is_level = before.y == end.y && near.y == end.y && far.y == end.y;
        let is_upright = before.x == end.x && near.x == end.x && far.x == end.x;
        (is_level && within(near.x, before.x, end.x) && within(end.x, near.x, far.x))
            || (is_upright && within(near.y, before.y, end.y) && within(end.y, near.y, far.y))
    });
    met.find(|(near, _)| *near != end).map(|(near, _)| near)
}

fn length(points: &[Point]) -> i32 {
    let pieces = points.windows(2);
    pieces
        .map(|piece| (piece[0].x - piece[1].x).abs() + (piece[0].y - piece[1].y).abs())
        .sum()
}

/// A line with round corners, as the data of a path.
struct Path<'a>(&'a [Point]);

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, .., last] = self.0 else {
            return Ok(());
        };
        write!(f, "M{} {}", first.x, first.y)?;
        for corner in self.0.windows(3) {
            let (before, at, after) = (corner[0], corner[1], corner[2]);
            let (start, end) = (near(at, before), near(at, after));
            write!(
                f,
                "L{} {}Q{} {} {} {}",
                start.x, start.y, at.x, at.y, end.x, end.y
            )?;
        }
        write!(f, "L{} {}", last.x, last.y)
    }
}

/// The point where the rounding of a corner ends, towards another point.
fn near(corner: Point, other: Point) -> Point {
    let (right, down) = (other.x - corner.x, other.y - corner.y);
    let radius = RADIUS.min((right.abs() + down.abs()) / 2);
    Point {
        x: corner.x + right.signum() * radius,
        y: corner.y + down.signum() * radius,
    }
}

/// Text in a document.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                // XML has no place for it, escaped or not.
                letter if letter.is_control() && letter != '\n' => f.write_char('\u{FFFD}')?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}
