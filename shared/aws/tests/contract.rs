//! What the engine expects of a store, a queue and a catalog, on ministack; of a store and a catalog, on
//! dynalite, too.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod harness;

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Trial};
use segno_engine::contract;

use harness::Emulator;

/// A trial for each promise of a kind.
macro_rules! trials {
    ($kind:ident $emulator:ident => $($promise:ident,)+) => {
        vec![$(trial(
            concat!(stringify!($kind), "::", stringify!($promise)),
            $emulator.as_ref(),
            async |emulator: Arc<Emulator>| contract::$kind::$promise(emulator.backend().await).await,
        )),+]
    };
}

fn trial<F>(name: &str, emulator: Option<&Arc<Emulator>>, test: F) -> Trial
where
    F: AsyncFnOnce(Arc<Emulator>) + Send + 'static,
{
    let is_ignored = emulator.is_none();
    let emulator = emulator.cloned();
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(test(emulator.expect("it is ignored without")));
        Ok(())
    };
    Trial::test(name, run).with_ignored_flag(is_ignored)
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let ministack = Emulator::ministack().map(Arc::new);
    let mut trials = segno_engine::store_promises! { trials!(store ministack =>) };
    trials.extend(segno_engine::queue_promises! { trials!(queue ministack =>) });
    trials.extend(segno_engine::catalog_promises! { trials!(catalog ministack =>) });
    libtest_mimic::run(&arguments, trials).exit_code()
}
