//! What pages ask the API.

use serde_json::{Value, json};

use crate::Operations;

/// Why a page cannot be shown, or something was not done.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) name: String,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn not_found(what: &str) -> Self {
        Self {
            status: 404,
            name: "NotFound".into(),
            message: format!("there is no {what}"),
        }
    }

    pub(crate) fn foreign_form() -> Self {
        Self {
            status: 403,
            name: "NotYourForm".into(),
            message:
                "this form is not of this console, or the server was started again since it was \
                shown: load the page again"
                    .into(),
        }
    }

    pub(crate) fn not_signed_in() -> Self {
        Self {
            status: 401,
            name: "NotSignedIn".into(),
            message: "this console is for people who have signed in: `segno console` prints a link"
                .into(),
        }
    }

    pub(crate) fn used_link() -> Self {
        Self {
            status: 403,
            name: "LinkNotValid".into(),
            message: "a link lets one browser in, within a minute: `segno console` prints another"
                .into(),
        }
    }

    pub(crate) fn unavailable() -> Self {
        Self {
            status: 503,
            name: "Unavailable".into(),
            message: "who you are cannot be looked up now: try again".into(),
        }
    }

    pub(crate) fn read_only() -> Self {
        Self {
            status: 403,
            name: "ReadOnly".into(),
            message: "this console only shows what there is".into(),
        }
    }

    pub(crate) fn invalid(message: &str) -> Self {
        Self {
            status: 400,
            name: "Invalid".into(),
            message: message.to_owned(),
        }
    }
}

/// Asks for one thing.
pub(crate) async fn ask(
    operations: &impl Operations,
    operation: &str,
    input: Value,
) -> Result<Value, Refused> {
    let answer = operations
        .call(operation, input.to_string().into_bytes())
        .await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status {
        200 => Ok(body),
        status => Err(Refused {
            status,
            name: answer
                .error_type
                .unwrap_or("InternalServerError")
                .to_owned(),
            message: body["message"]
                .as_str()
                .unwrap_or("something went wrong")
                .to_owned(),
        }),
    }
}

/// Entries of a list that are asked for at once.
const PAGE_ENTRIES: usize = 1_000;

/// The entries of a list, so many at most.
pub(crate) async fn list(
    operations: &impl Operations,
    (operation, member): (&str, &str),
    mut input: Value,
    count_max: usize,
) -> Result<Vec<Value>, Refused> {
    let mut entries = Vec::new();
    loop {
        input["maxResults"] = json!(PAGE_ENTRIES.min(count_max - entries.len()));
        let mut answer = ask(operations, operation, input.clone()).await?;
        if let Value::Array(page) = answer[member].take() {
            entries.extend(page);
        }
        let token = answer["nextToken"].take();
        if token.is_null() || entries.len() >= count_max {
            return Ok(entries);
        }
        input["nextToken"] = token;
    }
}

/// The state machines whose executions can be listed, so many at most.
pub(crate) async fn standard_machines(
    operations: &impl Operations,
    count_max: usize,
) -> Result<Vec<Value>, Refused> {
    let all = ("ListStateMachines", "stateMachines");
    let mut machines = list(operations, all, json!({}), count_max).await?;
    machines.retain(|machine| text(machine, "type") == "STANDARD");
    Ok(machines)
}

/// The text of a member; empty if it has none.
pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
