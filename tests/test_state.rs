//! Every case of TestState, through the API.

use std::path::Path;

use segno_tests::state_test::StateTest;

fn answers(path: &Path) -> datatest_stable::Result<()> {
    let case = StateTest::read(path)?;
    // No time passes but that which is waited for.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    Ok(runtime.block_on(case.run())?)
}

datatest_stable::harness! {
    { test = answers, root = "conformance/test_state", pattern = r"\.json$" },
}
