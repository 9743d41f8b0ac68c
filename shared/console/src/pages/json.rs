//! JSON as people read it.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use crate::graph::Escaped;

/// Bytes that are shown. More of it is behind a link.
const BYTES_MAX: usize = 12 * 1024;

/// A document, in lines and colours. `link` leads to all of it.
pub(super) fn document(text: &str, link: Option<&str>) -> Markup {
    let value: Result<Value, _> = serde_json::from_str(text);
    let pretty = value.map_or_else(|_| text.to_owned(), |value| format!("{value:#}"));
    let mut end = pretty.len().min(BYTES_MAX);
    while !pretty.is_char_boundary(end) {
        end -= 1;
    }
    html! {
        pre.json tabindex="0" { (highlighted(&pretty[..end])) }
        @if let (true, Some(link)) = (end < pretty.len(), link) {
            p.quiet { "The first " (BYTES_MAX / 1024) " KB of " (pretty.len() / 1024) ". " a href=(link) { "All of it" } }
        }
    }
}

/// Lines of a document that are compared with those of another.
const LINES_MAX: usize = 400;

/// Lines that are shown around those that differ.
const AROUND: usize = 2;

/// A line of two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'t> {
    Same(&'t str),
    Gone(&'t str),
    New(&'t str),
}

/// What differs between two documents, in lines, with what is around it.
pub(super) fn difference(before: &str, after: &str) -> Markup {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    if old.len().max(new.len()) > LINES_MAX || before.len().max(after.len()) > BYTES_MAX {
        return document(after, None);
    }
    let lines = compared(&old, &new);
    let is_near = |index: usize| {
        let around = index.saturating_sub(AROUND)..lines.len().min(index + AROUND + 1);
        lines[around]
            .iter()
            .any(|line| !matches!(line, Line::Same(_)))
    };
    let near: Vec<bool> = (0..lines.len()).map(is_near).collect();
    html! {
        pre.json.difference tabindex="0" {
            @for (index, line) in lines.iter().enumerate() {
                @match line {
                    Line::Gone(text) => del { "- " (highlighted(text)) "\n" },
                    Line::New(text) => ins { "+ " (highlighted(text)) "\n" },
                    Line::Same(text) if near[index] => { "  " (highlighted(text)) "\n" },
                    Line::Same(_) => @if index == 0 || near[index - 1] { span.quiet { "  …\n" } },
                }
            }
        }
    }
}

/// The longest sequence of lines that both have, and the others in their places.
fn compared<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let width = new.len() + 1;
    let mut lengths = vec![0_u16; (old.len() + 1) * width];
    for (i, old) in old.iter().enumerate().rev() {
        for (j, new) in new.iter().enumerate().rev() {
            lengths[i * width + j] = match old == new {
                true => lengths[(i + 1) * width + j + 1] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || i < old.len() && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]
        {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

/// Lines of JSON in colours: names, texts, and everything else.
pub(super) fn highlighted(text: &str) -> Markup {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        shown += &Escaped(&rest[..start]).to_string();
        let end = string_end(&rest[start..]);
        let string = &rest[start..start + end];
        rest = &rest[start + end..];
        let class = if rest.trim_start().starts_with(':') {
            "name"
        } else {
            "text"
        };
        shown += &format!("<span class=\"{class}\">{}</span>", Escaped(string));
    }
    shown += &Escaped(rest).to_string();
    PreEscaped(shown)
}

/// How long a string is that begins with its quote.
fn string_end(text: &str) -> usize {
    let mut is_escaped = false;
    for (index, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !is_escaped => return index + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_marked() {
        let lines = compared(&["{", "a", "b", "}"], &["{", "b", "c", "}"]);
        use Line::{Gone, New, Same};
        assert_eq!(
            lines,
            [Same("{"), Gone("a"), Same("b"), New("c"), Same("}")]
        );
        let shown = difference("1\n2\n3\n4\n5\n6", "1\n2\n3\n4\n5\n<7>").into_string();
        assert!(
            shown.contains("<del>- 6\n</del><ins>+ &lt;7&gt;\n</ins>"),
            "{shown}"
        );
        assert!(
            !shown.contains("  1\n") && shown.contains("  4\n"),
            "{shown}"
        );
    }

    #[test]
    fn whatever_is_in_it_stays_text() {
        let shown = document(r#"{"a\"<b>": "</pre><script>", "n": [1, null]}"#, None).into_string();
        assert!(
            shown.contains(r#"<span class="name">&quot;a\&quot;&lt;b&gt;&quot;</span>: "#),
            "{shown}"
        );
        assert!(shown.contains("&lt;/pre&gt;&lt;script&gt;"), "{shown}");
        assert!(!document("<b> no JSON", None).into_string().contains("<b>"));
    }
}
