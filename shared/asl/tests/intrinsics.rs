//! Every row of `tests/conformance/intrinsics/cases.json`: a call of an intrinsic function, an
//! input, and what the call answers.
//!
//! A row says what is the `output`, or the `error` and its `cause`: the code of a diagnostic and its
//! message when the definition is parsed, the name and the detail of an error when it runs. The
//! execution around the call is called `run`, has the variable `$list`, which is `[1, 2]`, and draws
//! nothing but zeros.

mod rows;

use segno_asl::{
    data::{
        number::to_json,
        scope::{Purpose, Scope, Surroundings},
        value::Value,
    },
    definition::{StateKind, parse},
    json,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    call: String,
    input: Value,
    #[serde(default, deserialize_with = "rows::present")]
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
}

struct Run {
    context: Value,
    list: Value,
}

impl Surroundings for Run {
    fn context(&self) -> &Value {
        &self.context
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        (name == "list").then_some(&self.list)
    }

    fn random(&self, _purpose: Purpose) -> u64 {
        0
    }
}

#[test]
fn every_case_is_answered_as_it_says() {
    rows::check("intrinsics/cases.json", failure);
}

fn failure(case: &Case) -> Option<String> {
    let expected = match (&case.output, &case.error, &case.cause) {
        (Some(value), None, None) => to_json(value),
        (None, Some(error), Some(cause)) => format!("{error}: {cause}"),
        _ => "a case with either `output` or `error` and `cause`".to_owned(),
    };
    let outcome = outcome(case);
    (outcome != expected).then(|| {
        let Case {
            about, call, input, ..
        } = case;
        format!("\n{about}\n  {call}  of  {input}\n  expected  {expected}\n  got       {outcome}\n")
    })
}

fn outcome(case: &Case) -> String {
    let parameters = serde_json::json!({ "value.$": case.call });
    let state = serde_json::json!({ "Type": "Pass", "Parameters": parameters, "End": true });
    let definition = serde_json::json!({ "StartAt": "Call", "States": { "Call": state } });
    let machine = match parse(&definition.to_string()) {
        Ok(machine) => machine,
        Err(diagnostics) => {
            let diagnostic = &diagnostics.0[0];
            return format!("{}: {}", diagnostic.code, diagnostic.message);
        }
    };
    let parameters = match machine.state("Call").map(|state| &state.kind) {
        Some(StateKind::Pass(pass)) => pass.parameters.as_ref().expect("they were given"),
        other => return format!("{other:?}"),
    };
    let surroundings = Run {
        context: json!({ "Execution": { "Name": "run" } }),
        list: json!([1, 2]),
    };
    let scope = Scope {
        document: &case.input,
        surroundings: &surroundings,
    };
    match parameters.evaluate(&scope) {
        Ok(value) => to_json(&value["value"]),
        Err(error) => format!("{}: {}", error.name, error.detail),
    }
}
