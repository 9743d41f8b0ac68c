//! `segno keys`: the keys of a deployed stack.

use std::{process::ExitCode, time::SystemTime};

use anyhow::{Context, bail};
use segno_keys::{Key, Keys, Term, Wildcard};
use serde_json::{Value, json};

use crate::{
    client::{Format, Table},
    stack::{self, Stack},
    terminal::print,
};

/// Make, list and revoke the keys that requests of unchanged SDKs are signed with.
///
/// They are kept in a secret of the stack, which has one if it was deployed with the parameter Keys=on.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    stack: stack::Options,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a key, and print what to export. Its secret is not shown again.
    Create(Create),
    /// The keys, without their secrets.
    List {
        /// How to print them.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Let a key be good for nothing. It takes a minute.
    Revoke {
        /// The id of the key.
        id: String,
    },
}

#[derive(clap::Args)]
struct Create {
    /// What it is for: names of operations, with * in them: StartExecution,Describe*
    #[arg(long, required = true, value_delimiter = ',', value_name = "NAME,…")]
    operations: Vec<Wildcard>,

    /// Which state machines it is for: names, with * in them.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAME,…",
        default_value = "*"
    )]
    state_machines: Vec<Wildcard>,

    /// How long it lasts: a number of days or hours, as in 90d and 12h, or never.
    #[arg(long, value_name = "TERM", default_value = "90d")]
    expires: Term,
}

pub(crate) async fn keys(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let stack = Stack::find(&arguments.stack).await?;
    let secret = Secret::read(&stack).await?;
    match arguments.action {
        Action::Create(create) => {
            let Create {
                operations,
                state_machines,
                expires,
            } = create;
            let key = Key::new(operations, state_machines, SystemTime::now(), expires)?;
            secret.write(|keys| keys.push(key.clone())).await?;
            print(&exports(&stack, &key));
        }
        Action::List { format } => print(&match format {
            Format::Text => table(&secret.keys),
            Format::Json => as_json(&secret.keys),
        }),
        Action::Revoke { id } => {
            if secret.keys.find(&id).is_none() {
                bail!("there is no key {id}: `segno keys list` shows those that there are");
            }
            secret.write(|keys| keys.retain(|key| key.id != id)).await?;
            eprintln!("{id} is good for nothing within a minute");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The secret of a stack, as it was found.
struct Secret<'a> {
    stack: &'a Stack,
    arn: &'a str,
    /// Which version of the secret has these keys.
    version: Value,
    keys: Keys,
}

/// The label of a version that is about to become the current one.
const NEXT: &str = "SEGNO_NEXT";

impl<'a> Secret<'a> {
    async fn read(stack: &'a Stack) -> anyhow::Result<Self> {
        let arn = stack.output("KeysSecret").with_context(|| {
            let name = &stack.name;
            format!(
                "the stack {name} has no keys: `segno deploy --stack {name} --parameter Keys=on` lets it \
                 have some"
            )
        })?;
        let found = stack.call(
            "secretsmanager",
            "getSecretValue",
            json!({ "SecretId": arn }),
        );
        let found = found.await?;
        let keys = Keys::read(found["SecretString"].as_str().unwrap_or_default())?;
        Ok(Self {
            stack,
            arn,
            version: found["VersionId"].clone(),
            keys,
        })
    }

    /// Changes the keys, unless somebody else has changed them since they were read: a key that is revoked
    /// stays revoked.
    async fn write(mut self, change: impl FnOnce(&mut Vec<Key>)) -> anyhow::Result<()> {
        change(&mut self.keys.keys);
        let put = json!({
            "SecretId": self.arn,
            "SecretString": self.keys.write(),
            "VersionStages": [NEXT],
        });
        let put = self
            .stack
            .call("secretsmanager", "putSecretValue", put)
            .await?;
        let switched = json!({
            "SecretId": self.arn,
            "VersionStage": "AWSCURRENT",
            "MoveToVersionId": put["VersionId"],
            "RemoveFromVersionId": self.version,
        });
        let switched = self
            .stack
            .call("secretsmanager", "updateSecretVersionStage", switched);
        switched.await.context(
            "the keys are as they were; if somebody else has just changed them, try again",
        )?;
        Ok(())
    }
}

/// What a shell is told. A session token would be sent along, and a key has none.
fn exports(stack: &Stack, key: &Key) -> String {
    let endpoint = stack.output("KeysEndpoint").unwrap_or_default();
    let Stack { region, .. } = stack;
    let Key { id, secret, .. } = key;
    format!(
        "export AWS_ENDPOINT_URL_SFN={endpoint}\n\
         export AWS_REGION={region} AWS_DEFAULT_REGION={region}\n\
         export AWS_ACCESS_KEY_ID={id}\n\
         export AWS_SECRET_ACCESS_KEY={secret}\n\
         unset AWS_SESSION_TOKEN"
    )
}

fn table(keys: &Keys) -> String {
    let mut table = Table::new(&["ID", "OPERATIONS", "STATE MACHINES", "CREATED", "EXPIRES"]);
    for key in &keys.keys {
        let expires = match &key.expires {
            Some(end) if key.is_expired(SystemTime::now()) => format!("{end} (expired)"),
            Some(end) => end.to_string(),
            None => "never".into(),
        };
        table.row([
            key.id.clone(),
            listed(&key.operations),
            listed(&key.state_machines),
            key.created.to_string(),
            expires,
        ]);
    }
    table.render()
}

fn listed(wildcards: &[Wildcard]) -> String {
    let texts: Vec<String> = wildcards.iter().map(ToString::to_string).collect();
    texts.join(",")
}

fn as_json(keys: &Keys) -> String {
    let shown = keys.keys.iter().map(|key| {
        json!({
            "id": key.id,
            "operations": key.operations,
            "stateMachines": key.state_machines,
            "created": key.created,
            "expires": key.expires,
        })
    });
    format!("{:#}", Value::from_iter(shown))
}
