//! Executions of one state machine or of all, by status, time and text; and what is done with several.

mod bulk;

use maud::html;
use serde_json::{Value, json};

use super::{
    Head, Page,
    parts::{self, Columns},
};
use crate::{
    Operations, Response,
    ask::{Refused, ask, standard_machines, text},
    run::milliseconds,
    url::{Query, address},
};

/// Executions of one page.
const ROWS: usize = 50;

/// Executions that are looked into for a text, from the newest.
const SEARCHED_MAX: usize = 500;

/// State machines whose executions are shown together.
const MACHINES_MAX: usize = 100;

const STATUSES: [&str; 5] = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

/// What is asked for.
struct Filter<'q> {
    machine: Option<&'q str>,
    status: Option<&'q str>,
    words: Option<&'q str>,
    /// Started at or after, and before: the beginning of an RFC 3339 time.
    since: Option<&'q str>,
    until: Option<&'q str>,
}

impl<'q> Filter<'q> {
    fn of(query: &'q Query) -> Self {
        Self {
            machine: query.get("machine"),
            status: query
                .get("status")
                .filter(|status| STATUSES.contains(status)),
            words: query.get("q"),
            since: query.get("since"),
            until: query.get("until"),
        }
    }

    /// The address of the page that shows the same, after a place in the list.
    fn address(&self, after: Option<&str>) -> String {
        let query = [
            ("machine", self.machine),
            ("status", self.status),
            ("q", self.words),
            ("since", self.since),
            ("until", self.until),
            ("after", after),
        ];
        address(
            &["executions"],
            &query.map(|(name, value)| (name, value.unwrap_or_default())),
        )
    }

    fn is_in_time(&self, execution: &Value) -> bool {
        let Some(at) = milliseconds(&execution["startDate"]) else {
            return false;
        };
        let started = segno_asl::data::timestamp::format(at);
        self.since.is_none_or(|since| started.as_str() >= since)
            && self.until.is_none_or(|until| started.as_str() < until)
    }
}

impl<O: Operations> Page<'_, O> {
    pub(super) async fn executions(&self, query: &Query) -> Result<Response, Refused> {
        let filter = Filter::of(query);
        let machines = standard_machines(self.operations, MACHINES_MAX).await?;
        let (mut found, token) = match filter.machine {
            Some(machine) => self.of_one(machine, &filter, query.get("after")).await?,
            None => (self.of_all(&machines, &filter).await?, None),
        };
        found.retain(|execution| filter.is_in_time(execution));
        let looked_into = found.len();
        if let Some(words) = filter.words {
            found = self.with_words(found, words).await?;
        }
        found.truncate(if filter.machine.is_none() {
            ROWS
        } else {
            SEARCHED_MAX
        });
        let more = token.map(|token| filter.address(Some(&token)));
        let columns = Columns {
            with_machine: true,
            with_choice: !self.is_read_only && !found.is_empty(),
        };
        let table = parts::executions(&found, columns);
        let body = html! {
            h1 { "Executions" }
            form.filters method="get" {
                label { "Text in name, input, output or error" input type="search" name="q" value=[filter.words]; }
                label { "State machine" select name="machine" {
                    option value="" { "all" }
                    @for machine in &machines {
                        @let arn = text(machine, "stateMachineArn");
                        option value=(arn) selected[filter.machine == Some(arn)] { (text(machine, "name")) }
                    }
                } }
                label { "Status" select name="status" {
                    option value="" { "any" }
                    @for status in STATUSES {
                        option value=(status) selected[filter.status == Some(status)] { (status.to_lowercase().replace('_', " ")) }
                    }
                } }
                label { "Started since" input type="date" name="since" value=[filter.since]; }
                label { "and before" input type="date" name="until" value=[filter.until]; }
                button { "Show" }
            }
            @if columns.with_choice { (self.bulk_form(&table, query)) } @else { (table) }
            @if filter.words.is_some() { p.quiet { "Looked into " (looked_into) " executions, from the newest." } }
            @if let Some(more) = more { p { a rel="next" href=(more) { "Older ones" } } }
            @else if filter.machine.is_none() { p.quiet { "The newest of all state machines. Choose one to see all of its executions." } }
        };
        let head = Head {
            title: "Executions",
            section: "Executions",
            live: None,
        };
        Ok(self.page(&head, &body))
    }

    /// A page of the executions of one state machine, and where the next page begins.
    async fn of_one(
        &self,
        machine: &str,
        filter: &Filter<'_>,
        after: Option<&str>,
    ) -> Result<(Vec<Value>, Option<String>), Refused> {
        let count = if filter.words.is_some() {
            SEARCHED_MAX
        } else {
            ROWS
        };
        let mut input = json!({ "stateMachineArn": machine, "maxResults": count });
        if let Some(status) = filter.status {
            input["statusFilter"] = status.into();
        }
        if let Some(after) = after {
            input["nextToken"] = after.into();
        }
        let mut answer = ask(self.operations, "ListExecutions", input).await?;
        let token = answer["nextToken"].as_str().map(str::to_owned);
        match answer["executions"].take() {
            Value::Array(executions) => Ok((executions, token)),
            _ => Ok((Vec::new(), token)),
        }
    }

    /// The newest executions of all state machines.
    async fn of_all(&self, machines: &[Value], filter: &Filter<'_>) -> Result<Vec<Value>, Refused> {
        let mut found = Vec::new();
        for machine in machines {
            let arn = text(machine, "stateMachineArn");
            found.extend(self.of_one(arn, filter, None).await?.0);
        }
        found.sort_by_key(|execution| -milliseconds(&execution["startDate"]).unwrap_or(0));
        found.truncate(if filter.words.is_some() {
            SEARCHED_MAX
        } else {
            ROWS
        });
        Ok(found)
    }

    /// Those that have a text in their name, input, output or error.
    async fn with_words(&self, executions: Vec<Value>, words: &str) -> Result<Vec<Value>, Refused> {
        let words = words.to_lowercase();
        let mut found = Vec::new();
        for execution in executions {
            let arn = text(&execution, "executionArn");
            let input = json!({ "executionArn": arn });
            let described = ask(self.operations, "DescribeExecution", input).await?;
            let mut fields = ["name", "input", "output", "error", "cause"].iter();
            if fields.any(|field| text(&described, field).to_lowercase().contains(&words)) {
                found.push(execution);
            }
        }
        Ok(found)
    }
}
