//! A stack of Segno in an account: what the template tells of it, and the services that have it.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use segno_asl::errors::StateError;
use segno_integrations::{
    aws::{Clients, Limits, Reach},
    services::{Caller, Services},
};
use segno_keys::Key;
use serde_json::{Value, json};

use crate::{aws, environment};

/// Which stack.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Name of the stack.
    #[arg(long, global = true, value_name = "NAME", default_value = "segno")]
    pub(crate) stack: String,

    /// Its region. Default: that of the environment or the profile.
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
}

/// A stack that is there.
pub(crate) struct Stack {
    pub(crate) name: String,
    pub(crate) region: String,
    services: Services,
    outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Finds it, in the account and the region that any AWS tool would look into.
    pub(crate) async fn find(options: &Options) -> anyhow::Result<Self> {
        if environment::variable("AWS_ACCESS_KEY_ID").is_some_and(|id| Key::is_id(&id)) {
            bail!(
                "AWS_ACCESS_KEY_ID is a key of Segno, which AWS does not know: this needs credentials of the \
                 account"
            );
        }
        let config = aws::of_tools(options.region.clone()).await;
        let region = config.region().context(
            "there is no region: --region says which, AWS_REGION, or the profile's `region`",
        )?;
        let region = region.to_string();
        let clients = Clients::new(config, Reach::Everywhere, Limits::default());
        let services = Services::new(clients);
        let outputs = outputs_of(&services, &options.stack).await?;
        Ok(Self {
            name: options.stack.clone(),
            region,
            services,
            outputs,
        })
    }

    /// An output of the template.
    pub(crate) fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name).map(String::as_str)
    }

    /// Calls a service in the account and the region of the stack.
    pub(crate) async fn call(
        &self,
        service: &str,
        action: &str,
        parameters: Value,
    ) -> anyhow::Result<Value> {
        call(&self.services, service, action, parameters).await
    }
}

async fn call(
    services: &Services,
    service: &str,
    action: &str,
    parameters: Value,
) -> anyhow::Result<Value> {
    let service = format!("aws-sdk:{service}");
    let called = services.result(&service, action, parameters, Caller::default());
    called.await.map_err(told)
}

/// What a service says that does not do what it is asked to.
pub(crate) fn told(error: StateError) -> anyhow::Error {
    let part = |text: Option<String>| text.unwrap_or_default();
    anyhow!("{}: {}", part(error.name), part(error.cause))
}

/// What a stack tells of itself, by the names of the template.
pub(crate) async fn outputs_of(
    services: &Services,
    stack: &str,
) -> anyhow::Result<BTreeMap<String, String>> {
    let asked = json!({ "StackName": stack });
    let described = call(services, "cloudformation", "describeStacks", asked).await?;
    Ok(outputs(&described["Stacks"][0]))
}

fn outputs(stack: &Value) -> BTreeMap<String, String> {
    let outputs = stack["Outputs"].as_array().into_iter().flatten();
    let pairs = outputs.filter_map(|output| {
        let text = |key: &str| output[key].as_str().map(str::to_owned);
        Some((text("OutputKey")?, text("OutputValue")?))
    });
    pairs.collect()
}
