//! The colours of pictures, light and dark.
//!
//! Measured on white and on the dark paper: text on every filling 12.8:1 or more, strokes 3.5:1 or more.
//! For people who see no red or no green, every two strokes of a status still differ; and no status is
//! told by its colour alone.

/// A name in the style sheet, and its colour in the light and in the dark.
const COLORS: [(&str, &str, &str); 32] = [
    ("paper", "#fff", "#12161c"),
    ("shade", "#f5f6f9", "#191f28"),
    ("node", "#fff", "#202733"),
    ("text", "#1f2733", "#e8ecf2"),
    ("quiet", "#3b4656", "#c2cad6"),
    ("line", "#5f6b7a", "#8a96a6"),
    ("fade", "#b4bcc7", "#465061"),
    ("taken", "#1f2733", "#f2f5f9"),
    ("catch", "#a85a00", "#e0953a"),
    ("catch-text", "#8a4b00", "#f0b566"),
    ("bubble", "#3b4656", "#c2cad6"),
    ("bubble-text", "#fff", "#12161c"),
    ("divider", "#cbd2da", "#3a4454"),
    ("ok", "#1a7f37", "#4cc26f"),
    ("ok-fill", "#e6f4ea", "#15301f"),
    ("run", "#0b63b5", "#5aaef5"),
    ("run-fill", "#e3f0fc", "#122c45"),
    ("bad", "#b42318", "#ff7a6b"),
    ("bad-fill", "#fdebe7", "#3d1a17"),
    ("caught", "#bd7b00", "#e5a831"),
    ("caught-fill", "#fff3dc", "#382808"),
    ("wait", "#5b3cc4", "#a794f6"),
    ("wait-fill", "#efeafc", "#2a2150"),
    ("stop", "#4b5563", "#a2acba"),
    ("stop-fill", "#eceef1", "#2b313b"),
    ("idle", "#7d8796", "#76829a"),
    ("idle-fill", "#fff", "#171c24"),
    ("ground", "#f3f4f7", "#0c0f14"),
    ("border", "#dde1e7", "#2a323e"),
    ("accent", "#0b63b5", "#6cb8f7"),
    ("accent-text", "#fff", "#0c0f14"),
    ("field", "#fff", "#171c24"),
];

/// What pictures look like.
const RULES: &str = include_str!("graph.css");

/// The style sheet for a page, with the colours as custom properties, which the page may use, too.
pub fn page_style() -> String {
    let properties = |color: fn(&(&str, &str, &str)) -> String| {
        let all = COLORS.iter().map(color);
        all.collect::<Vec<_>>().join(";")
    };
    let light = properties(|(name, light, _)| format!("--{name}:{light}"));
    let dark = properties(|(name, _, dark)| format!("--{name}:{dark}"));
    format!(
        ":root{{color-scheme:light dark;{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{RULES}"
    )
}

/// The style sheet of a picture that stands alone. It names the colours themselves: not everything that
/// shows SVG knows custom properties.
pub(super) fn picture_style() -> String {
    let filled = |color: fn(&(&str, &'static str, &'static str)) -> &'static str| {
        let named = |rules: String, entry: &(&str, &'static str, &'static str)| {
            rules.replace(&format!("var(--{})", entry.0), color(entry))
        };
        COLORS.iter().fold(RULES.to_owned(), named)
    };
    let (light, dark) = (filled(|entry| entry.1), filled(|entry| entry.2));
    format!("{light}@media (prefers-color-scheme:dark){{{dark}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_that_is_used_is_known() {
        assert!(!picture_style().contains("var("), "{}", picture_style());
    }
}
