//! How wide a text is without a browser to ask, and how it is made to fit.

/// Advance widths of Helvetica (and Arial, and Liberation Sans) for U+0020 to U+007E, in thousandths of
/// the font size.
const ADVANCES: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278,
    278, // space to /
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 to ?
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @ to O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P to _
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` to o
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p to ~
];

/// What stands for text that is left out.
const ELLIPSIS: char = '…';

/// Measures text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Font {
    /// Helvetica and its likes, in this size in pixels.
    Pixels(i32),
    /// A terminal's.
    Cells,
}

impl Font {
    /// The width of a text, rounded up.
    pub(super) fn width(self, text: &str) -> i32 {
        let width: i32 = text.chars().map(|letter| self.advance(letter)).sum();
        match self {
            Self::Pixels(_) => (width + 999) / 1000,
            Self::Cells => width,
        }
    }

    /// The advance of a letter: in thousandths of a pixel, or in cells.
    fn advance(self, letter: char) -> i32 {
        match self {
            Self::Pixels(size) => {
                let known = (letter as usize)
                    .checked_sub(0x20)
                    .and_then(|index| ADVANCES.get(index));
                let unknown = if is_wide(letter) { 1000 } else { 600 };
                size * known.map_or(unknown, |advance| i32::from(*advance))
            }
            Self::Cells if is_wide(letter) => 2,
            Self::Cells => 1,
        }
    }

    /// The text, or as much of its beginning as there is room for.
    pub(super) fn fit(self, text: &str, width_max: i32) -> String {
        if self.width(text) <= width_max {
            return text.to_owned();
        }
        let mut fitting = String::new();
        for letter in text.chars() {
            fitting.push(letter);
            if self.width(&fitting) + self.width(&ELLIPSIS.to_string()) > width_max {
                fitting.pop();
                break;
            }
        }
        fitting.truncate(fitting.trim_end().len());
        fitting.push(ELLIPSIS);
        fitting
    }

    /// The text in one line, or in two that are about equally long, broken where a word ends.
    pub(super) fn wrap(self, text: &str, width_max: i32) -> Vec<String> {
        if self.width(text) <= width_max {
            return vec![text.to_owned()];
        }
        let halves = breaks(text).map(|at| {
            let (first, second) = text.split_at(at);
            (first.trim_end(), second.trim_start())
        });
        let fitting = halves.filter(|(first, _)| self.width(first) <= width_max);
        let evenest =
            fitting.min_by_key(|(first, second)| self.width(first).max(self.width(second)));
        match evenest {
            Some((first, second)) => vec![first.to_owned(), self.fit(second, width_max)],
            None => vec![self.fit(text, width_max)],
        }
    }
}

/// Where a text may be broken: behind a separator, or before a capital. No piece is shorter than three
/// letters.
fn breaks(text: &str) -> impl Iterator<Item = usize> {
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let count = letters.len();
    (3..count.saturating_sub(2)).filter_map(move |index| {
        let ((_, before), (at, after)) = (letters[index - 1], letters[index]);
        let is_break = " -_./".contains(before) || before.is_lowercase() && after.is_uppercase();
        is_break.then_some(at)
    })
}

/// Whether a letter takes the room of two, as those of East Asia do, and emoji.
pub(super) fn is_wide(letter: char) -> bool {
    matches!(u32::from(letter), 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        assert_eq!(Font::Pixels(10).width("Wait"), 20); // 9.44 + 5.56 + 2.22 + 2.78
        assert_eq!(Font::Pixels(10).width("界é"), 16);
        assert_eq!(Font::Cells.width("界é"), 3);
    }

    #[test]
    fn long_names_break_between_words() {
        let wrap = |text| Font::Cells.wrap(text, 12);
        assert_eq!(wrap("Charge card"), ["Charge card"]);
        assert_eq!(wrap("Charge the card"), ["Charge", "the card"]);
        assert_eq!(wrap("ChargeTheCardNow"), ["ChargeThe", "CardNow"]);
        assert_eq!(wrap("charge_the_card"), ["charge_", "the_card"]);
        assert_eq!(wrap("chargethecardnow"), ["chargetheca…"]);
        assert_eq!(
            wrap("a-rather-long-name-of-a-state"),
            ["a-rather-", "long-name-o…"]
        );
    }
}
