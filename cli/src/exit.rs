//! What the exit status says.

use std::process::ExitCode;

/// Wrong usage, and what cannot be read or reached. `clap` uses it, too.
pub(crate) const USAGE: u8 = 2;

/// An execution that timed out or was aborted.
const CUT_SHORT: u8 = 3;

/// Ctrl-C, as shells have it: 128 and the number of the signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit status for the status of an execution, as DescribeExecution names it.
pub(crate) fn of_execution(status: &str) -> ExitCode {
    match status {
        "SUCCEEDED" => ExitCode::SUCCESS,
        "FAILED" => ExitCode::FAILURE,
        _ => ExitCode::from(CUT_SHORT),
    }
}
