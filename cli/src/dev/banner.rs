//! What the server says of itself when it is there.

use super::{Mode, machines::Loaded};

/// Everything that the banner tells.
pub(super) struct Banner<'a> {
    pub(super) endpoint: &'a str,
    pub(super) store: &'a str,
    pub(super) mode: Mode,
    pub(super) account_id: &'a str,
    pub(super) region: &'a str,
    /// What was found in files; `None` if nothing was looked for.
    pub(super) loaded: Option<&'a Loaded>,
    /// What tasks call.
    pub(super) tasks: &'a str,
    pub(super) mocks: Option<String>,
    pub(super) explanation: Option<&'a str>,
}

/// Names that are listed before the rest is counted.
const NAMES_MAX: usize = 5;

impl Banner<'_> {
    pub(super) fn render(&self) -> String {
        let mode = match self.mode {
            Mode::Strict => "strict: the limits and errors of AWS",
            Mode::Open => "open: without the limits of AWS",
        };
        let mut lines = vec![
            ("Endpoint", self.endpoint.to_owned()),
            (
                "Console",
                format!("{}{}", self.endpoint, segno_console::PATH),
            ),
            ("Store", self.store.to_owned()),
            ("Mode", mode.to_owned()),
            ("Account", format!("{} in {}", self.account_id, self.region)),
            ("Definitions", self.definitions()),
            ("Tasks", self.tasks.to_owned()),
        ];
        lines.extend(self.mocks.clone().map(|mocks| ("Mocks", mocks)));
        let mut text = format!("Segno {}\n", env!("CARGO_PKG_VERSION"));
        for (label, value) in lines {
            text += &format!("  {label:13}{value}\n");
        }
        text += &format!("\n  export AWS_ENDPOINT_URL_SFN={}\n", self.endpoint);
        if let Some(explanation) = self.explanation {
            text += &format!("\n{explanation}");
        }
        text
    }

    fn definitions(&self) -> String {
        let Some(loaded) = self.loaded else {
            return "not looked for".into();
        };
        let problems = match loaded.problems.len() {
            0 => String::new(),
            1 => "; 1 problem, see below".into(),
            count => format!("; {count} problems, see below"),
        };
        match (loaded.names.len(), loaded.problems.len()) {
            (0, 0) => "none found (*.asl.json, *.asl.yaml, templates)".into(),
            (0, _) => format!("none valid{problems}"),
            (count, _) => format!("{count} watched: {}{problems}", listed(&loaded.names)),
        }
    }
}

/// Some names, and how many more there are.
pub(super) fn listed(names: &[String]) -> String {
    let first = names.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>();
    match names.len().saturating_sub(NAMES_MAX) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_values_stand_under_one_another() {
        let loaded = Loaded {
            names: (1..=7).map(|n| format!("m{n}")).collect(),
            problems: vec!["x".into()],
            ..Loaded::default()
        };
        let banner = Banner {
            endpoint: "http://localhost:8083",
            store: "memory",
            mode: Mode::Strict,
            account_id: "123456789012",
            region: "us-east-1",
            loaded: Some(&loaded),
            tasks: "none",
            mocks: None,
            explanation: None,
        };
        let text = banner.render();
        assert!(
            text.contains(
                "  Definitions  7 watched: m1, m2, m3, m4, m5 and 2 more; 1 problem, see below\n"
            ),
            "{text}"
        );
        let columns: Vec<usize> = ["http", "memory", "strict", "1234", "7 watched", "none"]
            .iter()
            .map(|value| {
                let line = text.lines().find(|line| line.contains(value)).unwrap();
                line.find(value).unwrap()
            })
            .collect();
        assert_eq!(columns, [15; 6], "{text}");
        assert!(text.ends_with("\n  export AWS_ENDPOINT_URL_SFN=http://localhost:8083\n"));
    }
}
