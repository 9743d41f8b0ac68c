//! The name that clients are told: one that still resolves with `sync-` in front of it.
//!
//! AWS's clients put `sync-` before the host's name for StartSyncExecution and TestState, also where
//! an endpoint is given.
//!
//! AWS: [Host prefix injection](https://docs.aws.amazon.com/sdkref/latest/guide/feature-host-prefix.html).

use std::{
    net::{IpAddr, Ipv4Addr, ToSocketAddrs},
    time::Duration,
};

use tokio::sync::oneshot;

/// How long a name may take to resolve. Those of this machine take no time at all.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is said if no name resolves with the prefix.
const EXPLANATION: &str = "  StartSyncExecution and TestState: AWS's clients put `sync-` before the host for these two, and
  sync-localhost does not resolve on this machine. One of these mends it:
    AWS CLI, boto3, SDKs   export AWS_DISABLE_HOST_PREFIX_INJECTION=true
    older boto3            Config(inject_host_prefix=False)
    JavaScript             new SFNClient({ disableHostPrefix: true })
    whatever client        a line `127.0.0.1 sync-localhost` in /etc/hosts
";

/// The name of this machine for clients, and what they must be told besides.
pub(super) struct Advice {
    pub(super) host: &'static str,
    pub(super) explanation: Option<&'static str>,
}

/// Looks which names resolve.
pub(super) async fn advice() -> Advice {
    let (short, long, plain) = tokio::join!(
        is_local("sfn.localhost"),
        is_local("sync-sfn.localhost"),
        is_local("sync-localhost")
    );
    let (host, has_prefixed) = match (short && long, plain) {
        (true, false) => ("sfn.localhost", true),
        (_, has_prefixed) => ("localhost", has_prefixed),
    };
    Advice {
        host,
        explanation: (!has_prefixed).then_some(EXPLANATION),
    }
}

/// Whether a name resolves to 127.0.0.1.
async fn is_local(name: &'static str) -> bool {
    let (sender, receiver) = oneshot::channel();
    // In a thread that nobody waits for: resolvers may take many seconds to give up.
    std::thread::spawn(move || {
        let addresses = (name, 0).to_socket_addrs();
        let is_local = addresses.is_ok_and(|mut addresses| {
            addresses.any(|address| address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST))
        });
        // Nobody may be interested any more.
        let _ = sender.send(is_local);
    });
    matches!(tokio::time::timeout(PATIENCE, receiver).await, Ok(Ok(true)))
}
