//! The picture in the characters of a terminal.

use super::{
    layout::{Area, Class, Point},
    picture::{Line, Node, NodeKind, Picture, Scope},
};

/// A picture that was laid out in cells.
pub fn ascii(picture: &Picture) -> String {
    let cells = |length: i32| usize::try_from(length).unwrap_or(0) + 1;
    let mut canvas = Canvas {
        width: cells(picture.size.width),
        cells: vec![Cell::default(); cells(picture.size.width) * cells(picture.size.height)],
    };
    canvas.scope(&picture.scope);
    let rows = canvas.cells.chunks(canvas.width);
    let rows: Vec<String> = rows
        .map(|row| {
            row.iter()
                .filter_map(|cell| cell.letter())
                .collect::<String>()
        })
        .map(|row| row.trim_end().to_owned())
        .collect();
    rows.join("\n").trim_end().to_owned() + "\n"
}

/// What is in a cell: a letter, or lines that lead to its sides.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    text: Option<char>,
    /// The right half of a wide letter.
    is_covered: bool,
    up: bool,
    down: bool,
    left: bool,
    right: bool,
    /// Only lines that are taken after an error.
    is_dashed: bool,
}

impl Cell {
    fn letter(self) -> Option<char> {
        if self.is_covered {
            return None;
        }
        Some(
            self.text
                .unwrap_or(match (self.up, self.down, self.left, self.right) {
                    (false, false, false, false) => ' ',
                    (_, _, false, false) if self.is_dashed => '┊',
                    (false, false, _, _) if self.is_dashed => '┈',
                    (_, _, false, false) => '│',
                    (false, false, _, _) => '─',
                    (false, true, false, true) => '╭',
                    (false, true, true, false) => '╮',
                    (true, false, false, true) => '╰',
                    (true, false, true, false) => '╯',
                    (true, true, false, true) => '├',
                    (true, true, true, false) => '┤',
                    (false, true, true, true) => '┬',
                    (true, false, true, true) => '┴',
                    (true, true, true, true) => '┼',
                }),
        )
    }

    fn is_empty(self) -> bool {
        self.text.is_none() && !(self.up || self.down || self.left || self.right)
    }
}

struct Canvas {
    width: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    fn cell(&mut self, x: i32, y: i32) -> Option<&mut Cell> {
        let (x, y) = (usize::try_from(x).ok()?, usize::try_from(y).ok()?);
        let is_inside = x < self.width;
        self.cells.get_mut(y * self.width + x).filter(|_| is_inside)
    }

    fn put(&mut self, x: i32, y: i32, letter: char) {
        if let Some(cell) = self.cell(x, y) {
            *cell = Cell {
                text: Some(letter),
                ..Cell::default()
            };
        }
    }

    /// A text in one row. A wide letter covers the cell after its own.
    fn text(&mut self, mut x: i32, y: i32, text: &str) {
        for letter in text.chars() {
            self.put(x, y, letter);
            x += 1;
            if super::text::is_wide(letter) {
                if let Some(cell) = self.cell(x, y) {
                    cell.is_covered = true;
                }
                x += 1;
            }
        }
    }

    fn scope(&mut self, scope: &Scope) {
        for line in &scope.lines {
            self.line(line);
        }
        for node in &scope.nodes {
            match &node.kind {
                NodeKind::State(state) if !node.inner.is_empty() => {
                    self.frame(node.area);
                    let title = format!("{} ({})", node.text[0], state.state_type.name());
                    self.text(node.area.x + 2, node.area.y + 1, &title);
                    node.inner.iter().for_each(|inner| self.scope(inner));
                }
                NodeKind::State(_) => self.state(node),
                NodeKind::Start | NodeKind::End => {
                    let text = format!("( {} )", node.text[0]);
                    let width = i32::try_from(text.len()).expect("a word");
                    self.text(
                        node.area.x + (node.area.width - width) / 2,
                        node.area.y,
                        &text,
                    );
                }
            }
        }
        for line in &scope.lines {
            self.arrow(&line.points);
            if let Some(label) = &line.label {
                self.text(label.area.x + 1, label.area.y, &label.text);
            }
        }
    }

    fn line(&mut self, line: &Line) {
        let is_dashed = line.class == Class::Catch;
        for piece in line.points.windows(2) {
            let (right, down) = (
                (piece[1].x - piece[0].x).signum(),
                (piece[1].y - piece[0].y).signum(),
            );
            let mut at = piece[0];
            while at != piece[1] {
                let next = Point {
                    x: at.x + right,
                    y: at.y + down,
                };
                self.lead(at, (right, down), is_dashed);
                self.lead(next, (-right, -down), is_dashed);
                at = next;
            }
        }
    }

    /// A line leads from a cell to one of its sides.
    fn lead(&mut self, at: Point, towards: (i32, i32), is_dashed: bool) {
        let Some(cell) = self.cell(at.x, at.y) else {
            return;
        };
        cell.is_dashed = is_dashed && (cell.is_empty() || cell.is_dashed);
        match towards {
            (0, -1) => cell.up = true,
            (0, _) => cell.down = true,
            (-1, _) => cell.left = true,
            _ => cell.right = true,
        }
    }

    fn arrow(&mut self, points: &[Point]) {
        let [.., before, tip] = points else {
            return;
        };
        match (tip.x - before.x).signum() {
            0 => self.put(tip.x, tip.y - 1, '▼'),
            _ => self.put(tip.x + 1, tip.y, '◀'),
        }
    }

    fn state(&mut self, node: &Node) {
        self.frame(node.area);
        let lines = i32::try_from(node.text.len()).expect("one or two");
        let top = node.area.y + (node.area.height - lines) / 2;
        for (y, text) in (top..).zip(&node.text) {
            self.text(node.area.x + 2, y, text);
        }
    }

    /// The border of a state or box. What is in it is drawn after it.
    fn frame(&mut self, area: Area) {
        let (right, bottom) = (area.x + area.width - 1, area.y + area.height - 1);
        for y in area.y..=bottom {
            for x in area.x..=right {
                let letter = match (x == area.x, x == right, y == area.y, y == bottom) {
                    (true, _, true, _) => '┌',
                    (_, true, true, _) => '┐',
                    (true, _, _, true) => '└',
                    (_, true, _, true) => '┘',
                    (true, ..) | (_, true, ..) => '│',
                    (_, _, true, _) | (.., true) => '─',
                    _ => {
                        if let Some(cell) = self.cell(x, y) {
                            *cell = Cell::default();
                        }
                        continue;
                    }
                };
                self.put(x, y, letter);
            }
        }
    }
}
