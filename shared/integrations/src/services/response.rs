//! What an optimized integration tells of the response besides its members.

use serde_json::{Map, Value, json};

/// `SdkHttpMetadata` and `SdkResponseMetadata`.
pub(crate) fn metadata(
    status: u16,
    headers: &[(String, String)],
    request_id: Option<&str>,
) -> Map<String, Value> {
    let (mut all, mut single) = (Map::new(), Map::new());
    for (name, value) in headers {
        match all.get_mut(name) {
            Some(Value::Array(values)) => values.push(value.as_str().into()),
            _ => {
                all.insert(name.clone(), json!([value]));
            }
        }
        single.insert(name.clone(), value.as_str().into());
    }
    let mut metadata = Map::new();
    metadata.insert(
        "SdkHttpMetadata".into(),
        json!({ "AllHttpHeaders": all, "HttpHeaders": single, "HttpStatusCode": status }),
    );
    metadata.insert(
        "SdkResponseMetadata".into(),
        json!({ "RequestId": request_id.unwrap_or_default() }),
    );
    metadata
}
