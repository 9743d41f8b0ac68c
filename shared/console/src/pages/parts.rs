//! What several pages show alike.

use maud::{Markup, html};
use segno_asl::data::timestamp;
use serde_json::Value;

use crate::{ask::text, run::milliseconds, url::address};

/// The status of an execution: always in words.
pub(super) fn status(status: &str) -> Markup {
    let class = match status {
        "SUCCEEDED" => "ok",
        "RUNNING" => "run",
        "FAILED" | "TIMED_OUT" => "bad",
        "ABORTED" => "stop",
        _ => "wait",
    };
    html! { span class={ "status " (class) } { (status.to_lowercase().replace('_', " ")) } }
}

/// A time: the day and the second, and all of it where somebody looks closer.
pub(super) fn time(at: Option<i64>) -> Markup {
    match at {
        Some(at) => {
            let full = timestamp::format(at);
            let shown: String = full.chars().take(19).collect::<String>().replace('T', " ");
            html! { time datetime=(full) title=(full) { (shown) } }
        }
        None => html! { "–" },
    }
}

/// How long something took, in two units at most.
pub(super) fn duration(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600_000..86_400_000 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// How long an execution has taken, if it has ended.
pub(super) fn took(execution: &Value) -> Option<i64> {
    let (start, stop) = (
        milliseconds(&execution["startDate"])?,
        milliseconds(&execution["stopDate"])?,
    );
    Some(stop - start)
}

/// What a table of executions has beside what every one has.
#[derive(Clone, Copy, Default)]
pub(super) struct Columns {
    pub(super) with_machine: bool,
    /// Boxes to tick, for the form that the table is in.
    pub(super) with_choice: bool,
}

/// A table of executions, as ListExecutions has them.
pub(super) fn executions(executions: &[Value], columns: Columns) -> Markup {
    let Columns {
        with_machine,
        with_choice,
    } = columns;
    html! {
        div.scroll {
            table.rows {
                thead { tr {
                    @if with_choice { td.tick { input type="checkbox" data-all="execution" aria-label="Choose all" hidden; } }
                    th { "Name" }
                    @if with_machine { th { "State machine" } }
                    th { "Status" } th { "Started" } th.number { "Took" }
                } }
                tbody {
                    @for execution in executions {
                        @let arn = text(execution, "executionArn");
                        tr {
                            @if with_choice {
                                td.tick { input type="checkbox" name="execution" value=(arn) aria-label={ "Choose " (text(execution, "name")) }; }
                            }
                            td { a.row href=(address(&["executions", arn], &[])) { (text(execution, "name")) } }
                            @if with_machine {
                                @let machine = text(execution, "stateMachineArn");
                                td { a href=(address(&["machines", machine], &[])) { (name(machine)) } }
                            }
                            td { (status(text(execution, "status"))) }
                            td { (time(milliseconds(&execution["startDate"]))) }
                            td.number { (took(execution).map_or("–".into(), duration)) }
                        }
                    }
                }
            }
        }
        @if executions.is_empty() { p.quiet { "There are none." } }
    }
}

/// The last part of an ARN.
pub(super) fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// Something to copy.
pub(super) fn copied(value: &str) -> Markup {
    html! { code.copy data-copy=(value) { (value) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        let all = [999, 1_250, 61_000, 3_720_000, 90_000_000].map(duration);
        assert_eq!(
            all,
            ["999 ms", "1.2 s", "1 min 1 s", "1 h 2 min", "1 d 1 h"]
        );
    }
}
