//! A payload template, in either query language.

#![no_main]

use libfuzzer_sys::fuzz_target;
use segno_asl::definition::{SINGLE_STATE_NAME, StateKind, compile_single_state};
use segno_fuzz::{evaluated, parts};

fuzz_target!(|text: &str| {
    let (template, document) = parts(text);
    for state in [
        format!(r#"{{ "Type": "Pass", "End": true, "Parameters": {template} }}"#),
        format!(
            r#"{{ "Type": "Pass", "End": true, "QueryLanguage": "JSONata", "Output": {template} }}"#
        ),
    ] {
        let Ok(machine) = compile_single_state(&state) else {
            continue;
        };
        let state = machine
            .state(SINGLE_STATE_NAME)
            .expect("it is the only one");
        let parameters = match &state.kind {
            StateKind::Pass(pass) => pass.parameters.as_ref(),
            _ => None,
        };
        if let Some(template) = parameters.or(state.output()) {
            evaluated(&document, |scope| template.evaluate(scope));
        }
    }
});
