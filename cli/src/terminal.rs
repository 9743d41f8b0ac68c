//! Colours, where there is a terminal that shows them.

use std::io::{IsTerminal, Write};

/// The colours that are used.
#[derive(Clone, Copy)]
pub(crate) enum Color {
    Dim = 2,
    Red = 31,
    Green = 32,
    Yellow = 33,
    Cyan = 36,
}

/// Whether what is written is coloured.
#[derive(Clone, Copy)]
pub(crate) struct Palette {
    pub(crate) has_colors: bool,
}

impl Palette {
    /// Colours for a terminal, unless `NO_COLOR` is set.
    ///
    /// Convention: [NO_COLOR](https://no-color.org/).
    pub(crate) fn of(stream: &impl IsTerminal) -> Self {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            has_colors: stream.is_terminal() && !is_unwanted,
        }
    }

    pub(crate) fn paint(self, color: Color, text: &str) -> String {
        match self.has_colors {
            true => format!("\x1b[{}m{text}\x1b[0m", color as u8),
            false => text.to_owned(),
        }
    }
}

/// Prints a result on standard output. Whoever reads only the beginning has seen enough: the process
/// ends then.
pub(crate) fn print(text: &str) {
    if writeln!(std::io::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}
