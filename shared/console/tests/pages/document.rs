//! A page, read as a browser would: strictly.

use std::collections::BTreeSet;

/// Elements of HTML that have no end.
const VOID: [&str; 4] = ["input", "link", "meta", "!DOCTYPE"];

/// A page that is well-formed, and has each id once.
pub(crate) struct Document {
    pub(crate) text: String,
    pub(crate) elements: usize,
    tags: Vec<String>,
}

impl Document {
    /// Reads a page; one that is not well-formed fails the test.
    pub(crate) fn read(text: &str) -> Self {
        let (mut open, mut ids, mut tags) = (Vec::new(), BTreeSet::new(), Vec::new());
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('<') {
            let (tag, behind) = split_tag(after);
            rest = behind;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(
                    open.pop().as_deref(),
                    Some(name),
                    "before {}",
                    &rest[..rest.len().min(80)]
                );
                continue;
            }
            let name = tag.split_whitespace().next().unwrap().trim_end_matches('/');
            if let Some(id) = attribute(tag, "id") {
                assert!(ids.insert(id.clone()), "twice: {id}");
            }
            assert!(attribute(tag, "style").is_none(), "{tag}");
            tags.push(tag.to_owned());
            if !VOID.contains(&name) && !tag.ends_with('/') {
                open.push(name.to_owned());
            }
        }
        assert!(open.is_empty(), "still open: {open:?}");
        Self {
            text: text.to_owned(),
            elements: tags.len(),
            tags,
        }
    }

    /// The values that an attribute has on elements of a kind, in the order of the page.
    pub(crate) fn attributes(&self, element: &str, name: &str) -> Vec<String> {
        let tags = self.tags.iter();
        let of_kind = tags.filter(|tag| tag.split_whitespace().next() == Some(element));
        of_kind.filter_map(|tag| attribute(tag, name)).collect()
    }
}

/// A tag and what is behind it. A `>` between quotes does not end it.
fn split_tag(text: &str) -> (&str, &str) {
    let mut is_quoted = false;
    for (index, letter) in text.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return (&text[..index], &text[index + 1..]),
            _ => {}
        }
    }
    panic!("a tag without an end: {text}");
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    let unescaped = value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    Some(unescaped.replace("&amp;", "&"))
}
