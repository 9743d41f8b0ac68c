//! The states of a definition, found without the help of what is tested.

use serde_json::Value;

/// A state, and where it stands.
pub(super) struct Site {
    /// JSON Pointer of the `States` that it is in.
    pub(super) states: String,
    pub(super) name: String,
    /// As it is before anything is done to it.
    pub(super) state: Value,
    pub(super) is_jsonata: bool,
}

impl Site {
    /// JSON Pointer of the state.
    pub(super) fn at(&self) -> String {
        format!("{}/{}", self.states, escape(&self.name))
    }

    pub(super) fn kind(&self) -> &str {
        self.state["Type"].as_str().unwrap_or_default()
    }
}

pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// All states, those inside others included.
pub(super) fn of(definition: &Value) -> Vec<Site> {
    let is_jsonata = definition["QueryLanguage"] == "JSONata";
    let mut sites = Vec::new();
    collect(definition, "", is_jsonata, &mut sites);
    sites
}

fn collect(scope: &Value, at: &str, is_jsonata: bool, sites: &mut Vec<Site>) {
    let states = scope["States"].as_object();
    for (name, state) in states
        .into_iter()
        .flatten()
        .filter(|(_, state)| state.is_object())
    {
        let language = state["QueryLanguage"].as_str();
        let site = Site {
            states: format!("{at}/States"),
            name: name.clone(),
            state: state.clone(),
            is_jsonata: language.map_or(is_jsonata, |language| language == "JSONata"),
        };
        let at = site.at();
        sites.push(site);
        for (index, branch) in state["Branches"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            collect(branch, &format!("{at}/Branches/{index}"), is_jsonata, sites);
        }
        for field in ["ItemProcessor", "Iterator"] {
            collect(&state[field], &format!("{at}/{field}"), is_jsonata, sites);
        }
    }
}
