//! How a cluster knows who asks: by a request to STS that says so, signed and not sent. The cluster sends
//! it, and is told whose signature it is.
//!
//! AWS: [API authorization](https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster).

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{HeaderValue, Request};
use segno_asl::errors::StateError;

use super::PREFIX;
use crate::{
    aws::{Clients, Service},
    sdk_error::client_error,
    signature::{self, Scope},
};

const QUERY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// The header that binds the token to one cluster.
const CLUSTER: &str = "x-k8s-aws-id";

/// As all clients of EKS say.
const EXPIRES_IN: Duration = Duration::from_secs(60);

/// `Bearer k8s-aws-v1.…`, for a cluster of this name.
pub(super) async fn authorization(
    cluster: &HeaderValue,
    clients: &Clients,
) -> Result<HeaderValue, StateError> {
    let credentials = signature::credentials(clients.credentials(), PREFIX).await?;
    let sts = Service::find("sts").expect("the table has STS");
    let endpoint = clients.endpoint_of_aws(sts);
    let failed = |error: &dyn std::error::Error| client_error(PREFIX, error);
    let mut request = Request::get(format!("{}/?{QUERY}", endpoint.url))
        .header(CLUSTER, cluster)
        .body(String::new())
        .map_err(|error| failed(&error))?;
    let scope = Scope {
        service: "sts",
        region: &endpoint.signing_region,
    };
    signature::presign(&mut request, scope, credentials, EXPIRES_IN)
        .map_err(|error| failed(&*error))?;
    let token = BASE64_URL_SAFE_NO_PAD.encode(request.uri().to_string());
    let mut header = HeaderValue::try_from(format!("Bearer k8s-aws-v1.{token}"))
        .map_err(|error| failed(&error))?;
    header.set_sensitive(true);
    Ok(header)
}
