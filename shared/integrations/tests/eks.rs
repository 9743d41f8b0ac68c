//! Tasks on clusters of EKS against a Kubernetes API that answers as it is told, behind TLS with an
//! authority of its own.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod client;
mod hostile;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_credential_types::Credentials;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use client::clients;
use hostile::{Behaviour, Hostile, answer, json};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use segno_asl::{definition::Resource, errors::StateError};
use segno_integrations::{
    CallOutcome, Reach, aws, eks,
    services::Caller,
    sync::Progress,
    tasks::{Attempt, Config, Job, Tasks},
};
use serde_json::{Value, json};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivateKeyDer,
};
use url::Url;

const LIMIT: Duration = Duration::from_secs(20);
const RESULT_BYTES_MAX: usize = 262_144;
const CALLER: Caller<'_> = Caller {
    execution_arn: "arn:aws:states:eu-central-1:123456789012:execution:m:e",
    state_machine_arn: "arn:aws:states:eu-central-1:123456789012:stateMachine:m",
    role_arn: None,
    credentials_role_arn: None,
};

/// A cluster's API, and the authority that vouches for it.
struct Cluster {
    server: Hostile,
    authority: String,
}

impl Cluster {
    fn start(behaviour: Behaviour) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let own = own.signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let server = Hostile::start_over(behaviour, move |stream| {
            StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream)
        });
        let authority = BASE64_STANDARD.encode(issuer.pem());
        Self { server, authority }
    }

    fn parameters(&self, extra: Value) -> Value {
        let mut parameters = json!({
            "ClusterName": "my-cluster",
            "CertificateAuthority": self.authority,
            "Endpoint": format!("https://{}", self.server.address),
        });
        let extra = extra.as_object().unwrap().clone();
        parameters.as_object_mut().unwrap().extend(extra);
        parameters
    }

    fn pods(&self) -> Value {
        self.parameters(json!({
            "Method": "GET",
            "Path": "/api/v1/namespaces/default/pods",
            "QueryParameters": { "labelSelector": ["job-name=example-job"] },
        }))
    }

    fn requests(&self) -> Vec<String> {
        self.server.requests()
    }

    /// The first lines of the requests.
    fn asked(&self) -> Vec<String> {
        let requests = self.requests();
        let lines = requests.iter().filter_map(|request| request.lines().next());
        lines
            .map(|line| line.trim_end_matches(" HTTP/1.1").to_owned())
            .collect()
    }
}

fn tasks_with(reach: Reach, aws: aws::Reach) -> Tasks {
    let credentials = Credentials::new("ID", "hidden", Some("session".into()), None, "test");
    Tasks::new(Config {
        clients: clients("eu-central-1", credentials, None, aws),
        eks: eks::Config {
            reach,
            response_bytes_max: RESULT_BYTES_MAX,
        },
        apis: None,
        http: Err("not here".into()),
    })
}

fn tasks() -> Tasks {
    tasks_with(Reach::Loopback, aws::Reach::Everywhere)
}

fn attempt<'a>(resource: &'a Resource, parameters: &'a str, limit: Duration) -> Attempt<'a> {
    Attempt {
        caller: CALLER,
        resource,
        parameters,
        token: "token",
        trace_header: None,
        limit,
    }
}

fn resource(name: &str) -> Resource {
    Resource::parse(&format!("arn:aws:states:::eks:{name}")).unwrap()
}

async fn call_in(name: &str, parameters: &Value, limit: Duration) -> CallOutcome {
    let (resource, parameters) = (resource(name), parameters.to_string());
    tasks().call(attempt(&resource, &parameters, limit)).await
}

async fn call(name: &str, parameters: &Value) -> Result<Value, StateError> {
    let outcome = call_in(name, parameters, LIMIT).await?;
    Ok(serde_json::from_str(&outcome).unwrap())
}

fn name(error: &StateError) -> &str {
    error.name.as_deref().unwrap()
}

fn cause(error: &StateError) -> &str {
    error.cause.as_deref().unwrap()
}

/// What Kubernetes says when it refuses.
fn status(code: u16, reason: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": code,
    })
}

fn refused(code: u16, reason: &str) -> Vec<u8> {
    let headers = "Content-Type: application/json\r\n";
    answer(
        &format!("{code} {reason}"),
        headers,
        status(code, reason).to_string(),
    )
}

fn ok(body: &Value) -> Vec<u8> {
    answer(
        "200 OK",
        "Content-Type: application/json\r\n",
        body.to_string(),
    )
}

#[tokio::test]
async fn a_call_is_one_request_and_its_answer_the_result() {
    let cluster = Cluster::start(json(r#"{"kind": "PodList", "items": []}"#));
    let result = call("call", &cluster.pods()).await.unwrap();
    let body = json!({ "kind": "PodList", "items": [] });
    assert_eq!(
        result,
        json!({ "ResponseBody": body, "StatusCode": 200, "StatusText": "OK" })
    );
    let requests = cluster.requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let line =
        "GET /api/v1/namespaces/default/pods?labelSelector=job-name%3Dexample-job HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    assert!(request.contains("Accept: application/json\r\n"));
}

#[tokio::test]
async fn the_token_is_a_request_to_sts_that_names_the_cluster() {
    let cluster = Cluster::start(json("{}"));
    call("call", &cluster.pods()).await.unwrap();
    let request = &cluster.requests()[0];
    let (_, rest) = request
        .split_once("Authorization: Bearer k8s-aws-v1.")
        .unwrap();
    let token = rest.split("\r\n").next().unwrap();
    let url = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap();
    let url = Url::parse(std::str::from_utf8(&url).unwrap()).unwrap();
    assert_eq!(
        url.origin().ascii_serialization(),
        "https://sts.eu-central-1.amazonaws.com"
    );
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    for (name, expected) in [
        ("Action", "GetCallerIdentity"),
        ("Version", "2011-06-15"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Expires", "60"),
        ("X-Amz-SignedHeaders", "host;x-k8s-aws-id"),
        ("X-Amz-Security-Token", "session"),
    ] {
        assert_eq!(query[name], expected, "{name}");
    }
    let scope = query["X-Amz-Credential"].split('/').collect::<Vec<_>>();
    assert_eq!(scope[0], "ID");
    assert_eq!(scope[2..], ["eu-central-1", "sts", "aws4_request"]);
    assert_eq!(query["X-Amz-Signature"].len(), 64);
    assert!(!request.contains("hidden"));
}

#[tokio::test]
async fn what_is_sent_is_what_the_task_says() {
    let cluster = Cluster::start(json("{}"));
    let send = async |extra: Value| call("call", &cluster.parameters(extra)).await.unwrap();
    let body = json!({ "a": [1, null] });
    send(json!({ "Method": "POST", "Path": "api/v1/x y?z", "RequestBody": body })).await;
    send(json!({ "Method": "PATCH", "Path": "/a", "RequestBody": "{\"b\":1}" })).await;
    let requests = cluster.requests();
    assert!(requests[0].starts_with("POST /api/v1/x%20y%3Fz HTTP/1.1\r\n"));
    assert!(requests[0].contains("Content-Type: application/json\r\n"));
    assert!(requests[0].ends_with("\r\n\r\n{\"a\":[1,null]}"));
    assert!(requests[1].contains("Content-Type: application/merge-patch+json\r\n"));
    assert!(requests[1].ends_with("\r\n\r\n{\"b\":1}"));
}

#[tokio::test]
async fn only_the_authority_that_is_given_is_trusted() {
    let (cluster, other) = (Cluster::start(json("{}")), Cluster::start(json("{}")));
    assert!(call("call", &cluster.pods()).await.is_ok());
    let mut parameters = cluster.pods();
    parameters["CertificateAuthority"] = other.authority.as_str().into();
    let error = call("call", &parameters).await.unwrap_err();
    assert_eq!(name(&error), "EKS.SdkClientException");
    assert!(
        cause(&error).contains("`127.0.0.1` is not trusted: "),
        "{error:?}"
    );
    // The token was not shown to it.
    assert_eq!(cluster.requests().len(), 1);

    // It vouches for this address, and not for that name.
    let mut parameters = cluster.pods();
    let port = cluster.server.address.port();
    parameters["Endpoint"] = format!("https://localhost:{port}").into();
    let error = call("call", &parameters).await.unwrap_err();
    assert!(
        cause(&error).contains("`localhost` is not trusted: "),
        "{error:?}"
    );
    assert_eq!(cluster.requests().len(), 1);
}

#[tokio::test]
async fn what_is_not_to_be_called_is_not_connected_to() {
    let cluster = Cluster::start(json("{}"));
    let (resource, parameters) = (resource("call"), cluster.pods().to_string());
    for (tasks, expected, why) in [
        (
            tasks_with(Reach::Public, aws::Reach::Everywhere),
            "EKS.SdkClientException",
            "this machine must not be called",
        ),
        (
            tasks_with(Reach::Loopback, aws::Reach::ConfiguredEndpoints),
            "States.Runtime",
            "EKS is not to be called",
        ),
    ] {
        let outcome = tasks.call(attempt(&resource, &parameters, LIMIT)).await;
        let error = outcome.unwrap_err();
        assert_eq!(name(&error), expected);
        assert!(cause(&error).contains(why), "{error:?}");
    }
    assert_eq!(cluster.server.connections(), 0);
}

#[tokio::test]
async fn a_refusal_is_an_error_by_its_status() {
    for (code, reason) in [
        (401, "Unauthorized"),
        (404, "NotFound"),
        (409, "AlreadyExists"),
    ] {
        let cluster = Cluster::start(Behaviour::Answer(refused(code, reason)));
        let error = call("call", &cluster.pods()).await.unwrap_err();
        assert_eq!(name(&error), format!("EKS.{code}"));
        let told: Value = serde_json::from_str(cause(&error)).unwrap();
        let body = status(code, reason);
        let expected = json!({ "ResponseBody": body, "StatusCode": code, "StatusText": reason });
        assert_eq!(told, expected);
        assert_eq!(cluster.requests().len(), 1);
    }
    let cluster = Cluster::start(Behaviour::Redirect);
    let error = call("call", &cluster.pods()).await.unwrap_err();
    assert_eq!(name(&error), "EKS.302");
    assert_eq!(cluster.server.connections(), 1);
}

#[tokio::test]
async fn what_is_no_answer_is_the_clients_error() {
    for behaviour in [
        Behaviour::Close,
        Behaviour::CloseInBody,
        Behaviour::EndlessHeaders,
    ] {
        let cluster = Cluster::start(behaviour);
        let error = call("call", &cluster.pods()).await.unwrap_err();
        assert_eq!(name(&error), "EKS.SdkClientException", "{error:?}");
        assert_eq!(cluster.server.connections(), 1);
    }
}

#[tokio::test]
async fn a_cluster_that_takes_its_time_is_left() {
    for behaviour in [Behaviour::Drip, Behaviour::Silence] {
        let cluster = Cluster::start(behaviour);
        let begun = Instant::now();
        let pods = cluster.pods();
        let called = call_in("call", &pods, Duration::from_millis(300));
        let error = called.await.unwrap_err();
        assert_eq!(name(&error), "EKS.SdkClientException");
        assert!(cause(&error).ends_with("the time was up after 0.3 seconds"));
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(cluster.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_flood_is_not_held() {
    for is_announced in [true, false] {
        let cluster = Cluster::start(Behaviour::Flood {
            bytes: 5_000_000_000,
            is_announced,
        });
        let error = call("call", &cluster.pods()).await.unwrap_err();
        assert_eq!(name(&error), "States.DataLimitExceeded");
        let sent = cluster.server.sent();
        assert!(sent < 50_000_000, "{sent} bytes");
    }
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_not_sent() {
    let cluster = Cluster::start(json("{}"));
    for (field, value) in [
        ("CertificateAuthority", "ANPAJ2UCCR6DPCEXAMPLE"),
        ("Endpoint", "http://127.0.0.1"),
        ("ClusterName", "\u{fc}"),
    ] {
        let mut parameters = cluster.pods();
        parameters[field] = value.into();
        let error = call("call", &parameters).await.unwrap_err();
        assert_eq!(name(&error), "States.Runtime");
        let problem = format!("[The value of the field '{field}' has an invalid format]");
        assert!(cause(&error).ends_with(&problem), "{error:?}");
    }
    assert_eq!(cluster.server.connections(), 0);
}

// Jobs.

/// A job as Kubernetes shows it.
fn job(conditions: Value) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": { "name": "example-job", "namespace": "work", "uid": "u-1" },
        "spec": { "selector": { "matchLabels": { "batch.kubernetes.io/controller-uid": "u-1" } } },
        "status": { "conditions": conditions },
    })
}

fn ended(condition: &str) -> Value {
    job(json!([{ "type": condition, "status": "True" }]))
}

fn pods(names: &[&str]) -> Value {
    let pods = names.iter().map(|name| {
        let containers = json!([{ "name": "main" }, { "name": "side" }]);
        json!({ "metadata": { "name": name }, "spec": { "containers": containers } })
    });
    json!({ "items": pods.collect::<Vec<_>>() })
}

fn log(text: &str) -> Vec<u8> {
    answer("200 OK", "Content-Type: text/plain\r\n", text)
}

fn definition(cluster: &Cluster, logs: Value) -> Value {
    cluster.parameters(json!({
        "Namespace": "work",
        "Job": { "kind": "Job", "metadata": { "name": "example-job" } },
        "LogOptions": logs,
    }))
}

/// What the start of a job answered.
fn started() -> String {
    json!({ "ResponseBody": job(json!([])), "StatusCode": 201, "StatusText": "Created" })
        .to_string()
}

struct Waiting {
    resource: Resource,
    parameters: String,
    response: String,
    limit: Duration,
}

impl Waiting {
    fn of(cluster: &Cluster, logs: Value) -> Self {
        Self {
            resource: resource("runJob.sync"),
            parameters: definition(cluster, logs).to_string(),
            response: started(),
            limit: LIMIT,
        }
    }

    fn job(&self) -> Job<'_> {
        Job {
            attempt: attempt(&self.resource, &self.parameters, self.limit),
            response: &self.response,
            polls: 0,
        }
    }

    async fn poll(&self) -> Progress {
        tasks().poll(self.job()).await
    }

    async fn cancel(&self) -> Result<(), StateError> {
        tasks().cancel(self.job()).await
    }
}

async fn poll(behaviour: Behaviour) -> (Cluster, Progress) {
    let cluster = Cluster::start(behaviour);
    let progress = Waiting::of(&cluster, json!({})).poll().await;
    (cluster, progress)
}

async fn with_logs(cluster: &Cluster) -> Progress {
    let waiting = Waiting::of(cluster, json!({ "RetrieveLogs": true }));
    waiting.poll().await
}

fn failure(progress: Progress) -> StateError {
    match progress {
        Progress::Ended(Err(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn doubt(progress: Progress) -> StateError {
    match progress {
        Progress::Running { doubt: Some(error) } => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_job_is_started_once_waited_for_and_its_logs_are_read() {
    let created = answer("201 Created", "", job(json!([])).to_string());
    let cluster = Cluster::start(Behaviour::Answers(vec![
        created,
        ok(&job(json!([]))),
        ok(&ended("Complete")),
        ok(&pods(&["pod-1", "pod-2"])),
        log("{ \"digits\": 20 }\n"),
        log("one\ntwo\n"),
        refused(400, "BadRequest"),
        log("7"),
    ]));
    let logs = json!({ "RetrieveLogs": true, "LogParameters": { "tailLines": ["6"] } });
    let waiting = Waiting::of(&cluster, logs.clone());
    let response = call("runJob.sync", &definition(&cluster, logs))
        .await
        .unwrap();
    assert_eq!(
        response,
        serde_json::from_str::<Value>(&waiting.response).unwrap()
    );
    assert_eq!(waiting.poll().await, Progress::Running { doubt: None });
    let Progress::Ended(Ok(result)) = waiting.poll().await else {
        panic!("it has succeeded");
    };
    let untold = json!({
        "error": "EKS.400",
        "cause": json!({ "ResponseBody": status(400, "BadRequest"),
            "StatusCode": 400, "StatusText": "BadRequest" }).to_string(),
    });
    let mut expected = ended("Complete");
    expected["logs"] = json!({ "pods": {
        "pod-1": { "containers": {
            "main": { "log": { "digits": 20 } }, "side": { "log": "one\ntwo\n" },
        } },
        "pod-2": { "containers": { "main": untold, "side": { "log": 7 } } },
    } });
    assert_eq!(result, expected);
    let pods = "GET /api/v1/namespaces/work/pods";
    assert_eq!(
        cluster.asked(),
        [
            "POST /apis/batch/v1/namespaces/work/jobs",
            "GET /apis/batch/v1/namespaces/work/jobs/example-job",
            "GET /apis/batch/v1/namespaces/work/jobs/example-job",
            &format!("{pods}?labelSelector=batch.kubernetes.io%2Fcontroller-uid%3Du-1"),
            &format!("{pods}/pod-1/log?container=main&tailLines=6"),
            &format!("{pods}/pod-1/log?container=side&tailLines=6"),
            &format!("{pods}/pod-2/log?container=main&tailLines=6"),
            &format!("{pods}/pod-2/log?container=side&tailLines=6"),
        ]
    );
    let start = &cluster.requests()[0];
    let sent = r#"{"kind":"Job","metadata":{"name":"example-job"}}"#;
    assert!(start.ends_with(&format!("\r\n\r\n{sent}")), "{start}");
}

#[tokio::test]
async fn a_job_that_is_not_waited_for_answers_at_once() {
    let created = answer("201 Created", "", job(json!([])).to_string());
    let cluster = Cluster::start(Behaviour::Answer(created));
    let text = json!({ "metadata": { "generateName": "a-" } }).to_string();
    let parameters = cluster.parameters(json!({ "Job": text }));
    let result = call("runJob", &parameters).await.unwrap();
    assert_eq!(result["StatusCode"], 201);
    assert_eq!(result["ResponseBody"], job(json!([])));
    assert_eq!(
        cluster.asked(),
        ["POST /apis/batch/v1/namespaces/default/jobs"]
    );
    assert!(cluster.requests()[0].ends_with(&text));
}

#[tokio::test]
async fn raw_logs_are_not_read() {
    let cluster = Cluster::start(Behaviour::Answers(vec![
        ok(&ended("Complete")),
        ok(&pods(&["pod-1"])),
        log("{}"),
    ]));
    let logs = json!({ "RetrieveLogs": true, "RawLogs": true });
    let progress = Waiting::of(&cluster, logs).poll().await;
    let Progress::Ended(Ok(result)) = progress else {
        panic!("{progress:?}");
    };
    let containers = &result["logs"]["pods"]["pod-1"]["containers"];
    assert_eq!(containers["main"], json!({ "log": "{}" }));
}

#[tokio::test]
async fn pods_that_cannot_be_listed_are_told_instead_of_logs() {
    let cluster = Cluster::start(Behaviour::Answers(vec![
        ok(&ended("Complete")),
        refused(403, "Forbidden"),
    ]));
    let progress = with_logs(&cluster).await;
    let Progress::Ended(Ok(result)) = progress else {
        panic!("it has succeeded");
    };
    assert_eq!(result["logs"]["error"], "EKS.403");
    assert_eq!(cluster.requests().len(), 2);
}

#[tokio::test]
async fn a_job_that_failed_fails_its_task_with_its_logs() {
    let cluster = Cluster::start(Behaviour::Answers(vec![
        ok(&ended("Failed")),
        ok(&pods(&["pod-1"])),
        log("out of paper"),
    ]));
    let progress = with_logs(&cluster).await;
    let error = failure(progress);
    assert_eq!(name(&error), "States.TaskFailed");
    let told: Value = serde_json::from_str(cause(&error)).unwrap();
    assert_eq!(told["status"], ended("Failed")["status"]);
    let containers = &told["logs"]["pods"]["pod-1"]["containers"];
    assert_eq!(containers["main"]["log"], "out of paper");
}

#[tokio::test]
async fn a_poll_that_is_refused_says_nothing_about_the_job() {
    for (code, reason) in [
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (503, "Unavailable"),
    ] {
        let (cluster, progress) = poll(Behaviour::Answer(refused(code, reason))).await;
        let error = doubt(progress);
        // It is logged: without the body.
        assert_eq!(name(&error), format!("EKS.{code}"));
        assert_eq!(cause(&error), reason);
        assert_eq!(cluster.requests().len(), 1);
    }
    for behaviour in [Behaviour::Close, json("<html>"), json("{}")] {
        let (_cluster, progress) = poll(behaviour).await;
        assert_eq!(name(&doubt(progress)), "EKS.SdkClientException");
    }
}

#[tokio::test]
async fn a_job_that_is_gone_is_over() {
    let (_cluster, progress) = poll(Behaviour::Answer(refused(404, "NotFound"))).await;
    let error = failure(progress);
    assert_eq!(name(&error), "EKS.404");
    assert!(cause(&error).contains("\"reason\":\"NotFound\""));

    let mut other = ended("Complete");
    other["metadata"]["uid"] = "u-2".into();
    let (_cluster, progress) = poll(Behaviour::Answer(ok(&other))).await;
    assert_eq!(name(&failure(progress)), "EKS.404");
}

#[tokio::test]
async fn what_polls_answer_is_bounded() {
    let flood = || Behaviour::Flood {
        bytes: 5_000_000_000,
        is_announced: true,
    };
    let (cluster, progress) = poll(flood()).await;
    assert_eq!(name(&failure(progress)), "States.DataLimitExceeded");
    assert!(cluster.server.sent() < 50_000_000);

    let cluster = Cluster::start(Behaviour::Drip);
    let waiting = Waiting {
        limit: Duration::from_millis(300),
        ..Waiting::of(&cluster, json!({}))
    };
    let error = doubt(waiting.poll().await);
    assert!(cause(&error).ends_with("the time was up after 0.3 seconds"));

    let half = "x".repeat(RESULT_BYTES_MAX / 2 + 1);
    let cluster = Cluster::start(Behaviour::Answers(vec![
        ok(&ended("Complete")),
        ok(&pods(&["pod-1"])),
        log(&half),
    ]));
    let progress = with_logs(&cluster).await;
    let error = failure(progress);
    assert_eq!(name(&error), "States.DataLimitExceeded");
    assert_eq!(cluster.requests().len(), 4, "two logs are too much");
}

#[tokio::test]
async fn a_job_is_cancelled_with_its_pods() {
    let cluster = Cluster::start(json("{}"));
    Waiting::of(&cluster, json!({})).cancel().await.unwrap();
    let job = "DELETE /apis/batch/v1/namespaces/work/jobs/example-job";
    assert_eq!(cluster.asked(), [job]);
    let request = &cluster.requests()[0];
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let options: Value = serde_json::from_str(body).unwrap();
    assert_eq!(options["propagationPolicy"], "Background");
    assert_eq!(options["preconditions"], json!({ "uid": "u-1" }));

    for (code, reason) in [(404, "NotFound"), (409, "Conflict")] {
        let cluster = Cluster::start(Behaviour::Answer(refused(code, reason)));
        Waiting::of(&cluster, json!({})).cancel().await.unwrap();
    }
    let cluster = Cluster::start(Behaviour::Answer(refused(403, "Forbidden")));
    let error = Waiting::of(&cluster, json!({})).cancel().await.unwrap_err();
    assert_eq!((name(&error), cause(&error)), ("EKS.403", "Forbidden"));
}

#[tokio::test]
async fn a_response_without_a_job_cannot_be_asked_about() {
    let cluster = Cluster::start(json("{}"));
    let waiting = Waiting {
        response: "{}".into(),
        ..Waiting::of(&cluster, json!({}))
    };
    let error = failure(waiting.poll().await);
    assert_eq!(name(&error), "States.Runtime");
    let why = "The job cannot be asked about: there is no ResponseBody.metadata.namespace";
    assert_eq!(cause(&error), why);
    assert_eq!(cluster.server.connections(), 0);
}

#[test]
fn jobs_are_accepted_and_not_started_twice() {
    let tasks = tasks();
    for name in ["call", "runJob", "runJob.sync"] {
        assert_eq!(tasks.accepts(&resource(name)), Ok(()), "{name}");
        assert!(!tasks.is_repeatable(&resource(name)));
    }
    assert!(tasks.accepts(&resource("call.sync")).is_err());
    let none = tasks_with(Reach::Loopback, aws::Reach::ConfiguredEndpoints);
    let why = none.accepts(&resource("runJob.sync")).unwrap_err();
    assert!(why.contains("AWS_ENDPOINT_URL_EKS"), "{why}");
}
