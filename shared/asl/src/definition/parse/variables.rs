//! `Assign`: an object of variables.

use super::{Parser, fields::Fields};
use crate::{
    data::template::Template,
    definition::{Location, QueryLanguage, codes},
    limits,
};

pub(super) fn assign(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Template> {
    let variables = fields.object(parser, "Assign")?;
    for key in variables.keys() {
        let name = match fields.language() {
            QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
            QueryLanguage::Jsonata => key,
        };
        check_name(parser, name, &fields.at_field("Assign").member(key));
    }
    fields.template(parser, "Assign")
}

/// AWS: [Variables](https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html).
fn check_name(parser: &mut Parser, name: &str, at: &Location) {
    let max = limits::VARIABLE_NAME_CHARACTERS_MAX;
    let is_identifier = name.starts_with(unicode_ident::is_xid_start)
        && name.chars().all(unicode_ident::is_xid_continue);
    if name == "states" {
        let message = "Cannot assign to reserved variable '$states'.";
        parser.error(codes::RESERVED_VARIABLE, at, message);
    } else if name.chars().count() > max {
        let message = format!(
            "Invalid variable name '{name}': the variable name has more than {max} characters."
        );
        parser.error(codes::INVALID_VARIABLE, at, message);
    } else if !is_identifier {
        let message = format!(
            "Invalid variable name '{name}': the variable name contains invalid characters."
        );
        parser.error(codes::INVALID_VARIABLE, at, message);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::definition::parse;

    fn refusal(name: &str) -> Option<String> {
        let state = json!({ "Type": "Pass", "Assign": { name: 1 }, "End": true });
        let definition = json!({ "StartAt": "A", "States": { "A": state } });
        let refused = parse(&definition.to_string()).err()?;
        assert_eq!(refused.0[0].pointer, format!("/States/A/Assign/{name}"));
        Some(refused.to_string())
    }

    #[test]
    fn a_variable_has_the_name_of_an_identifier() {
        for name in ["x", "größe", "x1_", "変数"] {
            assert_eq!(refusal(name), None, "{name}");
        }
        for name in ["", "1x", "_x", "a.b", "a[0]", "a b"] {
            let refused = refusal(name).unwrap();
            assert!(refused.starts_with("INVALID_VARIABLE_NAME"), "{refused}");
        }
        assert_eq!(refusal(&"x".repeat(80)), None);
        assert!(refusal(&"x".repeat(81)).is_some());
    }

    #[test]
    fn the_variable_states_is_reserved() {
        assert_eq!(
            refusal("states").unwrap(),
            "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at \
             /States/A/Assign/states"
        );
    }
}
