//! Emulators that tests start for themselves, and what is in them.
//!
//! They are installed in `target/tools` by `.ci/run`. Where one is missing, the tests that need it are
//! ignored, and counted so.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test uses its part"
)]
#![allow(clippy::print_stderr, reason = "what is missing is said")]

pub(crate) mod payloads;
pub(crate) mod proxy;

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_smithy_http_client::Builder;
use aws_types::{SdkConfig, region::Region};
use libtest_mimic::Trial;
use segno_aws::{AwsBackend, Options, Places, Queues};
use segno_interpreter::event::Timestamp;
use segno_tests::emulated::Emulated;

/// How long an emulator may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// `target/tools`.
fn tools() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap().join("tools")
}

/// A server that ends with the test.
pub(crate) struct Emulator {
    process: Child,
    pub(crate) port: u16,
    folder: PathBuf,
    made: AtomicUsize,
}

impl Emulator {
    /// DynamoDB, SQS and S3; `None` if it is not installed.
    pub(crate) fn ministack() -> Option<Self> {
        let program = tools().join("emulators/bin/ministack");
        Self::start("ministack", &program, |command, port, folder| {
            command
                .env("BIND_HOST", "127.0.0.1")
                .env("GATEWAY_PORT", port.to_string())
                .env("TMPDIR", folder)
                .env("STATE_DIR", folder.join("state"))
                .env("S3_DATA_DIR", folder.join("s3"))
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", "test");
        })
    }

    /// DynamoDB, by others; `None` if it is not installed.
    pub(crate) fn dynalite() -> Option<Self> {
        let program = tools().join("dynalite/node_modules/.bin/dynalite");
        Self::start("dynalite", &program, |command, port, _| {
            command
                .args(["--host", "127.0.0.1", "--port", &port.to_string()])
                .args(["--createTableMs", "0", "--deleteTableMs", "0"]);
        })
    }

    fn start(
        name: &str,
        program: &Path,
        configure: impl FnOnce(&mut Command, u16, &Path),
    ) -> Option<Self> {
        if !program.exists() {
            eprintln!(
                "{name} is not there ({}): what needs it is ignored",
                program.display()
            );
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{port}"));
        fs::create_dir_all(&folder).unwrap();
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut command = Command::new(program);
        command
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        configure(&mut command, port, &folder);
        let mut process = command.spawn().unwrap();
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = folder.join("log");
            assert!(
                Instant::now() < end,
                "{name} does not start: {}",
                log.display()
            );
            assert!(
                process.try_wait().unwrap().is_none(),
                "{name} ended: {}",
                log.display()
            );
            thread::sleep(Duration::from_millis(50));
        }
        Some(Self {
            process,
            port,
            folder,
            made: AtomicUsize::new(0),
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn emulated(&self) -> Emulated {
        Emulated::at(&self.url())
    }

    /// A new table, a bucket and queues.
    pub(crate) async fn places(&self) -> Places {
        let name = self.name();
        let emulated = self.emulated();
        emulated.create_table(&name).await;
        emulated.create_bucket(&name).await;
        Places {
            queues: Queues {
                main: emulated.create_queue(&format!("{name}-main")).await,
                second: emulated.create_queue(&format!("{name}-second")).await,
                dead_letters: emulated.create_queue(&format!("{name}-dead")).await,
            },
            table: name.clone(),
            bucket: name,
        }
    }

    fn name(&self) -> String {
        format!("segno-{}", self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// An empty backend, for contract tests.
    pub(crate) async fn backend(&self) -> AwsBackend {
        AwsBackend::new(&config(&self.url()), self.places().await, options())
    }

    /// An empty backend whose table is in another emulator.
    pub(crate) async fn backend_with_table(&self, other: &Self) -> AwsBackend {
        let table = other.name();
        let (here, there) = (config(&self.url()), config(&other.url()));
        other.emulated().create_table(&table).await;
        let places = Places {
            table,
            ..self.places().await
        };
        AwsBackend::with_table(&here, &there, places, options())
    }
}

/// A trial that is ignored without an emulator.
pub(crate) fn trial<T, F>(name: &str, emulator: Option<&Arc<T>>, test: F) -> Trial
where
    T: Send + Sync + 'static,
    F: AsyncFnOnce(Arc<T>) + Send + 'static,
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

/// Runs tests that are each handed ministack.
macro_rules! run {
    ($($test:ident),+ $(,)?) => {{
        let arguments = libtest_mimic::Arguments::from_args();
        let emulator = $crate::harness::Emulator::ministack().map(std::sync::Arc::new);
        let trials = vec![$($crate::harness::trial(stringify!($test), emulator.as_ref(), $test)),+];
        drop(emulator);
        libtest_mimic::run(&arguments, trials).exit_code()
    }};
}
pub(crate) use run;

impl Drop for Emulator {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// The contract's executions ended within the first milliseconds after 1970, so it is 1970 here. Messages
/// come back soon: nobody can make this queue's time pass.
pub(crate) fn options() -> Options {
    Options {
        visibility: Duration::from_secs(2),
        poll: Duration::ZERO,
        now: Arc::new(|| Timestamp(1_000)),
        ..Options::default()
    }
}

pub(crate) fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(Builder::new().build_http())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        .endpoint_url(url)
        .build()
}
