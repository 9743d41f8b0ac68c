//! Durability is tested by dying. The effects of a calm run are counted; then the worker dies once
//! before each of them, and the execution must end with the same history, and every function must
//! have been called as often.

use std::path::Path;

use segno_tests::{
    case::Case,
    world::{Ended, World},
};

fn a_crash_anywhere_leaves_the_same_history(path: &Path) -> datatest_stable::Result<()> {
    let case = Case::read(path)?;
    let machine = case.machine()?;
    let run = |world: World<'_>| world.run(&case.input, case.stop_after_seconds);
    let calm = run(World::new(&machine, &case))?;
    for effect in 1..=calm.effects {
        let recovered = run(World::new(&machine, &case).dying_before(effect))
            .map_err(|error| format!("crash before effect {effect}: {error}"))?;
        same(&calm, &recovered).map_err(|what| format!("crash before effect {effect}: {what}"))?;
    }
    Ok(())
}

fn a_message_delivered_twice_leaves_the_same_history(path: &Path) -> datatest_stable::Result<()> {
    let case = Case::read(path)?;
    let machine = case.machine()?;
    let calm = World::new(&machine, &case).run(&case.input, case.stop_after_seconds)?;
    let twice = World::new(&machine, &case).delivering_twice();
    let twice = twice.run(&case.input, case.stop_after_seconds)?;
    Ok(same(&calm, &twice)?)
}

fn same(calm: &Ended, other: &Ended) -> Result<(), String> {
    if calm.events != other.events {
        return Err(format!(
            "the history is\n  {:?}\nand was\n  {:?}",
            other.history(),
            calm.history()
        ));
    }
    if calm.payloads != other.payloads {
        return Err("the payloads differ".into());
    }
    if calm.cancelled != other.cancelled {
        return Err(format!(
            "the jobs {:?} were cancelled, not {:?}",
            other.cancelled, calm.cancelled
        ));
    }
    if calm.calls != other.calls {
        return Err(format!(
            "functions were called {:?}, not {:?}",
            other.calls, calm.calls
        ));
    }
    Ok(())
}

datatest_stable::harness! {
    { test = a_crash_anywhere_leaves_the_same_history, root = "conformance/states", pattern = r"\.json$" },
    { test = a_crash_anywhere_leaves_the_same_history, root = "conformance/timing", pattern = r"\.json$" },
    { test = a_message_delivered_twice_leaves_the_same_history, root = "conformance/states", pattern = r"\.json$" },
    { test = a_message_delivered_twice_leaves_the_same_history, root = "conformance/timing", pattern = r"\.json$" },
}
