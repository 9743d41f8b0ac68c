//! GetItem with the client that is made for DynamoDB.

use aws_sdk_dynamodb::{
    config::{Builder, retry::RetryConfig},
    types::AttributeValue,
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (url, calls) = segno_get_item::arguments();
    let config = Builder::from(&segno_get_item::config(&url))
        .retry_config(RetryConfig::disabled())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    for _ in 0..calls {
        let key = AttributeValue::S("1".into());
        let call = client.get_item().table_name("t").key("id", key).send();
        let item = call.await.expect("it answers").item.expect("an item");
        assert_eq!(item.len(), 2);
    }
}
