//! The logs of a job that is over: of each container of each of its pods. What cannot be had is told in
//! its place.

use http::Method;
use segno_asl::{errors::StateError, limits};
use serde_json::{Map, Value, json};

use super::{
    parameters::LogOptions,
    refusal,
    session::{ApiRequest, Session},
};
use crate::{
    encode,
    wire::{Answer, parsed},
};

/// Bytes of the list of a job's pods. It is no part of the result.
const PODS_BYTES_MAX: usize = 4 << 20;

/// Where in the result a log is: inside so many objects.
const LEVELS_ABOVE: usize = 6;

/// The logs of a job. `None` if there is more of them than so many bytes.
pub(super) async fn of(
    session: &Session,
    job: &Value,
    options: &LogOptions,
    bytes_max: usize,
) -> Option<Value> {
    let metadata = &job["metadata"];
    let namespace = encode::percent(metadata["namespace"].as_str().unwrap_or_default());
    let pods_path = format!("/api/v1/namespaces/{namespace}/pods");
    let request = ApiRequest::new(Method::GET, pods_path.clone());
    let request = request.with_query(vec![("labelSelector".into(), selector(job))]);
    let pods = match body(session.send(request, PODS_BYTES_MAX).await) {
        Ok(Some(text)) => serde_json::from_str(&text).unwrap_or_default(),
        Ok(None) => return Some(problem("EKS.SdkClientException", "There are too many pods")),
        Err(error) => return Some(untold(error)),
    };
    let mut room = bytes_max;
    let mut logs = Map::new();
    for pod in list(&pods, "items") {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("{pods_path}/{}/log", encode::percent(name));
        let mut containers = Map::new();
        for container in list(&pod["spec"], "containers") {
            let container = container["name"].as_str().unwrap_or_default();
            let request = request_of(&path, container, options);
            let log = match body(session.send(request, room).await) {
                Ok(text) => log(text?, options, &mut room),
                Err(error) => untold(error),
            };
            containers.insert(container.to_owned(), log);
        }
        logs.insert(name.to_owned(), json!({ "containers": containers }));
    }
    Some(json!({ "pods": logs }))
}

/// What the pods of a job are labelled with.
fn selector(job: &Value) -> String {
    let labels = job["spec"]["selector"]["matchLabels"].as_object();
    let labels = labels.into_iter().flatten();
    let labels: Vec<_> = labels
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)))
        .collect();
    match labels.is_empty() {
        true => format!(
            "job-name={}",
            job["metadata"]["name"].as_str().unwrap_or_default()
        ),
        false => labels.join(","),
    }
}

fn request_of(path: &str, container: &str, options: &LogOptions) -> ApiRequest {
    let given = options.query.iter().filter(|(name, _)| name != "container");
    let mut query = vec![("container".to_owned(), container.to_owned())];
    query.extend(given.cloned());
    ApiRequest::new(Method::GET, path.to_owned()).with_query(query)
}

/// The body that was asked for; `None` if there is more of it than there may be.
fn body(answer: Result<Answer, StateError>) -> Result<Option<String>, StateError> {
    let answer = answer?;
    if !answer.status.is_success() {
        return Err(refusal(&answer));
    }
    // A program may write what is no text.
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    Ok(Some(text).filter(|_| !answer.is_cut))
}

fn log(text: String, options: &LogOptions, room: &mut usize) -> Value {
    *room = room.saturating_sub(text.len());
    let read = match options.are_raw {
        true => None,
        false => parsed(&text, limits::NESTING_LEVELS_MAX - LEVELS_ABOVE),
    };
    json!({ "log": read.unwrap_or_else(|| text.into()) })
}

/// What is told in place of logs.
fn untold(error: StateError) -> Value {
    problem(
        &error.name.unwrap_or_default(),
        &error.cause.unwrap_or_default(),
    )
}

fn problem(error: &str, cause: &str) -> Value {
    json!({ "error": error, "cause": cause })
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}
