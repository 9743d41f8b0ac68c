//! What the engine expects of a store, a queue and a catalog, on ministack; of a store and a catalog, on
//! dynalite, too.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod harness;

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::Arguments;
use segno_aws::AwsBackend;
use segno_engine::contract;

use harness::{Emulator, trial};

/// A trial for each promise of a kind.
macro_rules! trials {
    ($kind:ident $where:literal $emulators:ident $make:ident => $($promise:ident,)+) => {
        vec![$(trial(
            concat!($where, "::", stringify!($kind), "::", stringify!($promise)),
            $emulators.as_ref(),
            async |emulators: Arc<Emulators>| contract::$kind::$promise(emulators.$make().await).await,
        )),+]
    };
}

struct Emulators {
    ministack: Emulator,
    dynalite: Option<Emulator>,
}

impl Emulators {
    async fn ministack(&self) -> AwsBackend {
        self.ministack.backend().await
    }

    /// Its table is there, and all else is where it always is.
    async fn dynalite(&self) -> AwsBackend {
        let dynalite = self.dynalite.as_ref().expect("it is ignored without");
        self.ministack.backend_with_table(dynalite).await
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let dynalite = Emulator::dynalite();
    let emulators = Emulator::ministack().map(|ministack| {
        Arc::new(Emulators {
            ministack,
            dynalite,
        })
    });
    let both = emulators.clone().filter(|it| it.dynalite.is_some());
    let mut trials =
        segno_engine::store_promises! { trials!(store "ministack" emulators ministack =>) };
    trials.extend(
        segno_engine::queue_promises! { trials!(queue "ministack" emulators ministack =>) },
    );
    trials.extend(
        segno_engine::catalog_promises! { trials!(catalog "ministack" emulators ministack =>) },
    );
    trials.extend(segno_engine::store_promises! { trials!(store "dynalite" both dynalite =>) });
    trials.extend(segno_engine::catalog_promises! { trials!(catalog "dynalite" both dynalite =>) });
    drop((emulators, both));
    libtest_mimic::run(&arguments, trials).exit_code()
}
