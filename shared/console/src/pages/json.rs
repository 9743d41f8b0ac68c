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
