//! The server from its start to its end.

use std::{
    fmt::Display,
    io,
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::bail;
use segno_api::{Api, Config};
use segno_console::{Console, Sessions};
use segno_engine::{Backend, Engine, clock::SystemClock, config::Stride};
use tokio::{sync::oneshot, task::JoinHandle};

use super::{
    Arguments,
    activity::Activity,
    banner::{Banner, listed},
    console::{self, LocalOperations},
    guard::Guard,
    log_lines::LogLines,
    logs::LocalLogs,
    machines::{Loaded, Machines},
    port, prefix,
    server::{Server, router},
    signals::asked_to_stop,
    tasks,
    template::Place,
};
use crate::{environment, exit, invoker::LocalInvoker, terminal::Palette};

/// What people are told of the store.
#[derive(Clone)]
pub(super) struct Kept {
    /// Where everything is kept.
    pub(super) shown: String,
    /// What becomes of executions that have not ended when the server stops.
    pub(super) fate: &'static str,
    /// What the store has done.
    pub(super) metrics: Arc<dyn Display + Send + Sync>,
}

/// How long requests may take that are being answered when the server is to stop.
const GRACE: Duration = Duration::from_secs(1);

const DAY: Duration = Duration::from_secs(86_400);

/// How long it takes until the store is asked again what has not ended.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until it is asked to stop.
pub(super) async fn serve<S: Backend>(
    store: S,
    kept: Kept,
    arguments: &Arguments,
) -> anyhow::Result<ExitCode> {
    let place = place(arguments)?;
    let listener = port::listen(arguments.port).await?;
    let address = listener.local_addr()?;
    let (invoker, tasks) = tasks::invoker(arguments, &place, address.port()).await?;
    let activity = Activity::new(arguments.verbose > 0, Palette::of(&std::io::stderr()));
    let logs = Arc::new(LocalLogs::new(
        LogLines::begin(io::stdout())?,
        invoker.logs(),
    ));
    let engine = engine(store, invoker, &activity, Arc::clone(&logs), arguments);
    let worker = engine.clone();
    tokio::spawn(async move { worker.work().await });
    let resumed = tokio::spawn(resume(engine.clone()));
    let (keeper, retention) = (engine.clone(), DAY * u32::from(arguments.retention_days));
    tokio::spawn(async move { keeper.keep_for(retention).await });
    let server = Arc::new(server(engine.clone(), &activity, &kept, &place, arguments));
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = axum::serve(listener, router(Arc::clone(&server)))
        // It is stopped also if nobody is left to say so.
        .with_graceful_shutdown(async { drop(stopped.await) });
    let serving = tokio::spawn(serving.into_future());

    let mut machines = machines(&server, engine, &place, arguments)?;
    let loaded = machines.load().await;
    introduce(&kept, &tasks, address, &place, &loaded, arguments).await;
    tokio::spawn(tell_of(resumed));
    server.is_ready.store(true, Ordering::Release);
    let watching = tokio::spawn(watch(machines, loaded));

    asked_to_stop().await;
    drop(stop);
    watching.abort();
    let exit = tokio::select! {
        // It listens before anybody is told that asking again helps.
        biased;
        // It ends at once, and commands that perform tasks end with it.
        () = asked_to_stop() => ExitCode::from(exit::INTERRUPTED),
        () = finish(&activity, serving, kept.fate) => ExitCode::SUCCESS,
    };
    logs.flush().await;
    Ok(exit)
}

type LocalEngine<S> = Engine<S, LocalInvoker, SystemClock>;

fn engine<S: Backend>(
    store: S,
    invoker: LocalInvoker,
    activity: &Activity,
    logs: Arc<LocalLogs>,
    arguments: &Arguments,
) -> LocalEngine<S> {
    let config = segno_engine::Config {
        bounds: arguments.mode.bounds(),
        logs,
        stride: Stride::LONG,
        ..Default::default()
    };
    Engine::configured(store, invoker, SystemClock, config, activity.clone())
}

fn server<S: Backend>(
    engine: LocalEngine<S>,
    activity: &Activity,
    kept: &Kept,
    place: &Place,
    arguments: &Arguments,
) -> Server<S> {
    let config = Config {
        region: place.region.clone(),
        account_id: place.account_id.clone(),
        check_result: segno_integrations::results::check,
        roles: None,
        activity_patience: segno_api::ACTIVITY_PATIENCE,
    };
    let hosts = arguments.hosts.iter().map(|host| host.to_lowercase());
    let api = Arc::new(Api::new(engine, config));
    let operations = LocalOperations(Arc::clone(&api));
    Server {
        api,
        console: Console::new(
            operations,
            segno_console::Place::Server,
            arguments.read_only_console,
        ),
        sessions: Sessions::new(console::secret()),
        guard: Guard {
            hosts: hosts.collect(),
        },
        is_ready: AtomicBool::new(false),
        activity: activity.clone(),
        store_metrics: Arc::clone(&kept.metrics),
    }
}

fn machines<S: Backend>(
    server: &Server<S>,
    engine: LocalEngine<S>,
    place: &Place,
    arguments: &Arguments,
) -> anyhow::Result<Machines<S>> {
    Ok(Machines::new(
        Arc::clone(&server.api),
        engine,
        paths(arguments),
        place.clone(),
        arguments.substitute.read()?,
        Palette::of(&std::io::stderr()),
    ))
}

/// Says what there is.
async fn introduce(
    kept: &Kept,
    tasks: &str,
    address: SocketAddr,
    place: &Place,
    loaded: &Loaded,
    arguments: &Arguments,
) {
    let advice = prefix::advice().await;
    let banner = Banner {
        endpoint: &format!("http://{}:{}", advice.host, address.port()),
        store: &kept.shown,
        mode: arguments.mode,
        account_id: &place.account_id,
        region: &place.region,
        loaded: (!arguments.no_discovery).then_some(loaded),
        tasks,
        mocks: tasks::mocks(arguments),
        explanation: advice.explanation,
    };
    eprint!("{}", banner.render());
    for problem in &loaded.problems {
        eprintln!("\n{problem}");
    }
}

/// Goes on with what has not ended, however much that is: calls are answered meanwhile. Gives how many
/// executions that are.
async fn resume<S: Backend>(engine: LocalEngine<S>) -> u64 {
    loop {
        match engine.recover().await {
            Ok(count) => return count,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "what has not ended stands still for a moment"
                );
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Says how much it was that goes on.
async fn tell_of(resumed: JoinHandle<u64>) {
    match resumed.await {
        Ok(0) => {}
        Ok(count) => eprintln!("\ngoing on with what has not ended: {count}"),
        Err(broken) => {
            let error = &broken as &dyn std::error::Error;
            tracing::error!(
                error,
                "what has not ended stands still until the next start"
            );
        }
    }
}

/// Keeps the state machines as the files are.
async fn watch<S: Backend>(mut machines: Machines<S>, mut loaded: Loaded) {
    loop {
        loaded.seen.change().await;
        loaded = machines.load().await;
        for line in &loaded.news {
            eprintln!("{line}");
        }
    }
}

/// Waits until nothing is being done for any execution, and says what becomes of those that have not
/// ended.
async fn finish(activity: &Activity, serving: JoinHandle<std::io::Result<()>>, fate: &str) {
    if !activity.is_idle() {
        let names = listed(&activity.names());
        eprintln!("finishing what is being done for {names}; Ctrl-C again ends at once");
    }
    activity.idle().await;
    // Whoever still waits for a task of an activity is sent away.
    let _ = tokio::time::timeout(GRACE, serving).await;
    activity.idle().await;
    let open = activity.names();
    if !open.is_empty() {
        eprintln!("not ended, and {fate}: {}", listed(&open));
    }
}

fn place(arguments: &Arguments) -> anyhow::Result<Place> {
    let region = arguments.region.clone();
    let account_id = arguments.account_id.clone();
    let account_id = account_id.unwrap_or_else(environment::account_id);
    if account_id.len() != 12 || !account_id.bytes().all(|b| b.is_ascii_digit()) {
        bail!("--account-id {account_id}: an account id has 12 digits");
    }
    Ok(Place {
        region: region.unwrap_or_else(environment::region),
        account_id,
    })
}

fn paths(arguments: &Arguments) -> Vec<PathBuf> {
    match (arguments.no_discovery, arguments.paths.is_empty()) {
        (true, _) => Vec::new(),
        (false, true) => vec![PathBuf::from(".")],
        (false, false) => arguments.paths.clone(),
    }
}
