//! GetItem with the client of all services, as a task calls it.

use segno_integrations::{
    aws::{Clients, Limits, Reach},
    services::{Caller, Services},
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (url, calls) = segno_get_item::arguments();
    let limits = Limits {
        response_bytes_max: 4 << 20,
    };
    let clients = Clients::new(segno_get_item::config(&url), Reach::ConfiguredEndpoints, limits);
    let services = Services::new(clients);
    let caller = Caller {
        role_arn: None,
        credentials_role_arn: None,
        execution_arn: "e",
        state_machine_arn: "m",
    };
    let parameters = r#"{"TableName":"t","Key":{"id":{"S":"1"}}}"#;
    for _ in 0..calls {
        let called = services.call("aws-sdk:dynamodb", "getItem", parameters, caller);
        let result = called.await.expect("it answers");
        assert!(result.starts_with(r#"{"Item":{"#), "{result}");
    }
}
