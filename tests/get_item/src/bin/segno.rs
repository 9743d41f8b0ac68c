//! GetItem with the client of all services, as a task calls it.

use segno_integrations::{
    aws::{Clients, Limits, Reach},
    services::{Caller, Services},
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (url, calls) = segno_get_item::arguments();
    let config = segno_get_item::config(&url);
    let clients = Clients::new(config, Reach::ConfiguredEndpoints, Limits::default());
    let services = Services::new(clients);
    let caller = Caller {
        execution_arn: "e",
        state_machine_arn: "m",
        ..Caller::default()
    };
    let parameters = r#"{"TableName":"t","Key":{"id":{"S":"1"}}}"#;
    for _ in 0..calls {
        let called = services.call("aws-sdk:dynamodb", "getItem", parameters, caller);
        let result = called.await.expect("it answers");
        assert!(result.starts_with(r#"{"Item":{"#), "{result}");
    }
}
