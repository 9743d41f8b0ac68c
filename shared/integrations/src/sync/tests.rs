use std::sync::{Mutex, PoisonError};

use serde_json::{Map, json};

use super::{table::Template, *};
use crate::aws::{Operation, Service, Shape, Target};

/// A service that answers what it is told to, and remembers what it was asked.
struct Scripted {
    answer: Result<Value, StateError>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl Scripted {
    fn answering(answer: Value) -> Self {
        Self {
            answer: Ok(answer),
            asked: Mutex::default(),
        }
    }

    fn refusing(name: &str) -> Self {
        Self {
            answer: Err(StateError::new(name, "as it was told")),
            asked: Mutex::default(),
        }
    }

    /// What it was asked, in order.
    fn asked(self) -> Vec<(String, Value)> {
        self.asked
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Api for Scripted {
    async fn call(
        &self,
        service: &str,
        action: &str,
        parameters: Value,
    ) -> Result<Value, StateError> {
        let asked = (format!("{service}:{action}"), parameters);
        self.asked.lock().unwrap().push(asked);
        self.answer.clone()
    }
}

/// A job with all that the table asks for, and what the service may answer to a poll.
struct Sample {
    jobs: Jobs,
    parameters: Value,
    response: Value,
}

impl Sample {
    fn all() -> impl Iterator<Item = Self> {
        Jobs::all().map(|jobs| {
            let mut roots = json!({});
            let requests = [Some(&jobs.row.poll), jobs.row.cancel.as_ref()];
            for request in requests.into_iter().flatten() {
                for path in request.parameters.paths() {
                    put(&mut roots, &path, json!(path));
                }
            }
            Self {
                jobs,
                parameters: roots["$params"].take(),
                response: roots["$start"].take(),
            }
        })
    }

    fn name(&self) -> String {
        format!("{}:{}", self.jobs.service, self.jobs.action)
    }

    fn polled(&self, polls: u32) -> Started<'_> {
        Started {
            parameters: &self.parameters,
            response: &self.response,
            polls,
        }
    }

    /// What a poll answers about a job of this status.
    fn description(&self, status: &str) -> Value {
        let mut roots = json!({});
        put(&mut roots, self.jobs.row.status.text(), json!(status));
        let mut description = roots["$"].take();
        description["SdkHttpMetadata"] = json!({ "HttpStatusCode": 200 });
        description
    }

    async fn progress(&self, api: &Scripted, polls: u32) -> Progress {
        self.jobs.poll(api, self.polled(polls)).await
    }

    async fn progress_at(&self, status: &str) -> Progress {
        self.progress(&Scripted::answering(self.description(status)), 0)
            .await
    }
}

/// Puts a value where a path leads, which makes the way there.
fn put(roots: &mut Value, path: &str, value: Value) {
    let mut place = roots;
    for part in path.replace('[', ".[").split('.') {
        place = match part.strip_prefix('[') {
            Some(_first) => {
                if !place.is_array() {
                    *place = json!([null]);
                }
                &mut place[0]
            }
            None => {
                if !place.is_object() {
                    *place = Value::Object(Map::new());
                }
                &mut place[part]
            }
        };
    }
    *place = value;
}

#[tokio::test]
async fn a_status_is_an_end_if_the_table_says_so() {
    for sample in Sample::all() {
        let name = sample.name();
        for status in &sample.jobs.row.succeeded {
            let progress = sample.progress_at(status).await;
            let Progress::Ended(Ok(result)) = progress else {
                panic!("{name}: {status} is {progress:?}");
            };
            assert_eq!(result.get("SdkHttpMetadata"), None, "{name}");
            assert!(to_json(&result).contains(status.as_str()), "{name}");
        }
        for status in &sample.jobs.row.failed {
            let progress = sample.progress_at(status).await;
            let Progress::Ended(Err(error)) = progress else {
                panic!("{name}: {status} is {progress:?}");
            };
            assert_eq!(error.name.as_deref(), Some("States.TaskFailed"), "{name}");
            let cause: Value = serde_json::from_str(&error.cause.unwrap()).unwrap();
            assert!(to_json(&cause).contains(status.as_str()), "{name}");
        }
    }
}

#[tokio::test]
async fn any_other_status_is_on_its_way() {
    for sample in Sample::all() {
        let progress = sample.progress_at("NOT_YET_INVENTED").await;
        assert_eq!(progress, Progress::Running { doubt: None });
    }
}

#[tokio::test]
async fn a_poll_that_fails_says_nothing_however_often() {
    for sample in Sample::all() {
        for name in [
            "Any.ThrottlingException",
            "Any.TooManyRequestsException",
            "Any.InternalServerException",
            "Any.SdkClientException",
            "Any.AccessDeniedException",
        ] {
            let progress = sample.progress(&Scripted::refusing(name), 1_000).await;
            let is_doubted = matches!(&progress, Progress::Running { doubt: Some(error) }
                if error.name.as_deref() == Some(name));
            assert!(is_doubted, "{}: {progress:?}", sample.name());
        }
    }
}

#[tokio::test]
async fn a_job_that_has_vanished_is_not_asked_about_for_ever() {
    for sample in Sample::all() {
        let name = sample.name();
        let vanished = [
            Scripted::refusing("Any.ResourceNotFoundException"),
            Scripted::answering(json!({})),
        ];
        for (index, service) in vanished.iter().enumerate() {
            let first = sample.progress(service, 0).await;
            let last = sample.progress(service, POLLS_UNTIL_GONE).await;
            match &sample.jobs.row.succeeded_by_error {
                // It was to be deleted.
                Some(error) if index == 0 => {
                    assert_eq!(error, "ResourceNotFoundException");
                    let response = sample.response.clone();
                    assert_eq!(first, Progress::Ended(Ok(response)), "{name}");
                }
                _ => {
                    let is_patient = matches!(first, Progress::Running { doubt: Some(_) });
                    assert!(is_patient, "{name}: {first:?}");
                    assert!(matches!(last, Progress::Ended(Err(_))), "{name}: {last:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_job_is_named_by_what_is_known_of_it() {
    for sample in Sample::all() {
        let name = sample.name();
        let service = Scripted::answering(json!({}));
        sample.progress(&service, 0).await;
        sample
            .jobs
            .cancel(&service, sample.polled(0))
            .await
            .unwrap();
        let asked = service.asked();
        let row = sample.jobs.row;
        let requests = [Some(&row.poll), row.cancel.as_ref()];
        let requests: Vec<&Request> = requests.into_iter().flatten().collect();
        assert_eq!(asked.len(), requests.len(), "{name}");
        for ((action, parameters), request) in asked.iter().zip(requests) {
            let (_, action) = action.split_once(':').unwrap();
            assert_eq!(action, request.action);
            // Each sample value is the path that it is at.
            assert_eq!(&request.parameters, &Template::of(parameters.clone()));
        }
    }
}

#[tokio::test]
async fn what_is_gone_needs_no_cancelling_and_what_refuses_is_told() {
    for sample in Sample::all().filter(|sample| sample.jobs.row.cancel.is_some()) {
        let gone = Scripted::refusing("Any.ResourceNotFoundException");
        sample.jobs.cancel(&gone, sample.polled(0)).await.unwrap();
        let throttling = Scripted::refusing("Any.ThrottlingException");
        let refused = sample.jobs.cancel(&throttling, sample.polled(0)).await;
        assert!(refused.is_err(), "{}", sample.name());
    }
}

#[tokio::test]
async fn a_start_bears_the_token_of_the_attempt_unless_the_task_has_its_own() {
    for sample in Sample::all() {
        let service = Scripted::answering(json!({}));
        let given = json!({ "Given": 1 });
        sample.jobs.start(&service, &given, "token").await.unwrap();
        let mut own = json!({ "Given": 1 });
        if let Some(name) = &sample.jobs.row.token {
            own[name] = json!("own");
        }
        sample.jobs.start(&service, &own, "token").await.unwrap();
        let asked = service.asked();
        assert_eq!(asked.len(), 2, "one request each");
        if let Some(name) = &sample.jobs.row.token {
            assert_eq!(asked[0].1[name], "token", "{}", sample.name());
            assert_eq!(asked[1].1[name], "own", "{}", sample.name());
        }
    }
}

/// What a service is called in the table of all services.
fn model(service: &str) -> &'static Service {
    let name = match service {
        "elasticmapreduce" => "emr".to_owned(),
        other => other.replace('-', ""),
    };
    Service::find(&name).unwrap_or_else(|| panic!("there is no service {name}"))
}

fn operation(service: &str, action: &str) -> &'static Operation {
    let operation = model(service).operation(action);
    operation.unwrap_or_else(|| panic!("{service} has no {action}"))
}

/// The names of the members that requests or responses have.
fn members(service: &str, target: Target) -> Vec<&'static str> {
    let Target::Aggregate(index) = target else {
        return Vec::new();
    };
    match &model(service).shapes[index] {
        Shape::Structure(structure) => structure.members.iter().map(|m| &*m.name).collect(),
        Shape::List { .. } | Shape::Map { .. } => Vec::new(),
    }
}

#[test]
fn every_request_is_one_that_the_service_has() {
    for jobs in Jobs::all() {
        let (service, row) = (jobs.service, jobs.row);
        for request in [Some(&row.poll), row.cancel.as_ref()].into_iter().flatten() {
            let operation = operation(service, &request.action);
            let has = members(service, operation.input);
            for name in request.parameters.members() {
                let action = &request.action;
                assert!(has.contains(&name.as_str()), "{service}:{action}: {name}");
            }
        }
        let polled = operation(service, &row.poll.action);
        let first = row.status.text()[2..].split(['.', '[']).next().unwrap();
        let has = members(service, polled.output);
        assert!(has.contains(&first), "{service}: {first}");
        if service != "elasticmapreduce" {
            let start = operation(service, jobs.action);
            let has = members(service, start.input);
            for name in row.token.iter().chain(row.defaults.keys()) {
                assert!(has.contains(&name.as_str()), "{service}: {name}");
            }
        }
    }
}

/// The whole life of a job, as it is written in the services' references.
struct Expected {
    jobs: &'static str,
    parameters: Value,
    response: Value,
    poll: (&'static str, Value),
    succeeded: Value,
    result: Value,
    failed: Value,
    cancel: (&'static str, Value),
}

fn expectations() -> Vec<Expected> {
    let reason = "Step Functions execution aborted";
    let container = |code: Value| json!({ "Tasks": [{ "LastStatus": "STOPPED", "Containers": [{ "Name": "c", "ExitCode": code }] }] });
    vec![
        Expected {
            jobs: "batch:submitJob",
            parameters: json!({ "JobName": "n", "JobQueue": "q", "JobDefinition": "d" }),
            response: json!({ "JobId": "1-2", "JobName": "n", "JobArn": "arn" }),
            poll: ("batch:describeJobs", json!({ "Jobs": ["1-2"] })),
            succeeded: json!({ "Jobs": [{ "JobId": "1-2", "Status": "SUCCEEDED" }] }),
            result: json!({ "JobId": "1-2", "Status": "SUCCEEDED" }),
            failed: json!({ "Jobs": [{ "JobId": "1-2", "Status": "FAILED" }] }),
            cancel: (
                "batch:terminateJob",
                json!({ "JobId": "1-2", "Reason": reason }),
            ),
        },
        Expected {
            jobs: "ecs:runTask",
            parameters: json!({ "TaskDefinition": "d", "Cluster": "c" }),
            response: json!({ "Tasks": [{ "TaskArn": "t", "ClusterArn": "c-arn" }], "Failures": [] }),
            poll: (
                "ecs:describeTasks",
                json!({ "Cluster": "c-arn", "Tasks": ["t"] }),
            ),
            succeeded: container(json!(0)),
            result: container(json!(0))["Tasks"][0].take(),
            failed: container(Value::Null),
            cancel: (
                "ecs:stopTask",
                json!({ "Cluster": "c-arn", "Task": "t", "Reason": reason }),
            ),
        },
        Expected {
            jobs: "glue:startJobRun",
            parameters: json!({ "JobName": "etl" }),
            response: json!({ "JobRunId": "jr_1", "JobName": "etl" }),
            poll: (
                "glue:getJobRun",
                json!({ "JobName": "etl", "RunId": "jr_1" }),
            ),
            succeeded: json!({ "JobRun": { "Id": "jr_1", "JobRunState": "SUCCEEDED" } }),
            result: json!({ "Id": "jr_1", "JobRunState": "SUCCEEDED", "JobName": "etl" }),
            failed: json!({ "JobRun": { "Id": "jr_1", "JobRunState": "TIMEOUT" } }),
            cancel: (
                "glue:batchStopJobRun",
                json!({ "JobName": "etl", "JobRunIds": ["jr_1"] }),
            ),
        },
        Expected {
            jobs: "athena:startQueryExecution",
            parameters: json!({ "QueryString": "SELECT 1" }),
            response: json!({ "QueryExecutionId": "q" }),
            poll: (
                "athena:getQueryExecution",
                json!({ "QueryExecutionId": "q" }),
            ),
            succeeded: json!({ "QueryExecution": { "Status": { "State": "SUCCEEDED" } } }),
            result: json!({ "QueryExecution": { "Status": { "State": "SUCCEEDED" } } }),
            failed: json!({ "QueryExecution": { "Status": { "State": "CANCELLED" } } }),
            cancel: (
                "athena:stopQueryExecution",
                json!({ "QueryExecutionId": "q" }),
            ),
        },
        Expected {
            jobs: "codebuild:startBuild",
            parameters: json!({ "ProjectName": "p" }),
            response: json!({ "Build": { "Id": "p:1", "BuildStatus": "IN_PROGRESS" } }),
            poll: ("codebuild:batchGetBuilds", json!({ "Ids": ["p:1"] })),
            succeeded: json!({ "Builds": [{ "Id": "p:1", "BuildStatus": "SUCCEEDED" }], "BuildsNotFound": [] }),
            result: json!({ "Build": { "Id": "p:1", "BuildStatus": "SUCCEEDED" } }),
            failed: json!({ "Builds": [{ "Id": "p:1", "BuildStatus": "FAULT" }] }),
            cancel: ("codebuild:stopBuild", json!({ "Id": "p:1" })),
        },
        Expected {
            jobs: "sagemaker:createTrainingJob",
            parameters: json!({ "TrainingJobName": "t", "RoleArn": "r" }),
            response: json!({ "TrainingJobArn": "arn" }),
            poll: (
                "sagemaker:describeTrainingJob",
                json!({ "TrainingJobName": "t" }),
            ),
            succeeded: json!({ "TrainingJobName": "t", "TrainingJobStatus": "Completed" }),
            result: json!({ "TrainingJobName": "t", "TrainingJobStatus": "Completed" }),
            failed: json!({ "TrainingJobName": "t", "TrainingJobStatus": "Stopped" }),
            cancel: (
                "sagemaker:stopTrainingJob",
                json!({ "TrainingJobName": "t" }),
            ),
        },
        Expected {
            jobs: "elasticmapreduce:addStep",
            parameters: json!({ "ClusterId": "j-1", "Step": { "Name": "s" } }),
            response: json!({ "StepId": "s-1" }),
            poll: (
                "elasticmapreduce:describeStep",
                json!({ "ClusterId": "j-1", "StepId": "s-1" }),
            ),
            succeeded: json!({ "Step": { "Id": "s-1", "Status": { "State": "COMPLETED" } } }),
            result: json!({ "Id": "s-1", "Status": { "State": "COMPLETED" } }),
            failed: json!({ "Step": { "Id": "s-1", "Status": { "State": "INTERRUPTED" } } }),
            cancel: (
                "elasticmapreduce:cancelSteps",
                json!({ "ClusterId": "j-1", "StepIds": ["s-1"] }),
            ),
        },
        Expected {
            jobs: "elasticmapreduce:createCluster",
            parameters: json!({ "Name": "c", "Instances": {} }),
            response: json!({ "ClusterId": "j-1" }),
            poll: (
                "elasticmapreduce:describeCluster",
                json!({ "ClusterId": "j-1" }),
            ),
            succeeded: json!({ "Cluster": { "Id": "j-1", "Status": { "State": "WAITING" } } }),
            result: json!({ "Id": "j-1", "Status": { "State": "WAITING" } }),
            failed: json!({ "Cluster": { "Id": "j-1", "Status": { "State": "TERMINATED_WITH_ERRORS" } } }),
            cancel: (
                "elasticmapreduce:terminateJobFlows",
                json!({ "JobFlowIds": ["j-1"] }),
            ),
        },
    ]
}

#[tokio::test]
async fn jobs_live_as_the_references_of_their_services_have_it() {
    for expected in expectations() {
        let name = expected.jobs;
        let (service, action) = name.split_once(':').unwrap();
        let jobs = Jobs::of(service, action).unwrap();
        let job = Started {
            parameters: &expected.parameters,
            response: &expected.response,
            polls: 0,
        };
        let well = Scripted::answering(expected.succeeded.clone());
        let progress = jobs.poll(&well, job).await;
        assert_eq!(progress, Progress::Ended(Ok(expected.result)), "{name}");
        jobs.cancel(&well, job).await.unwrap();
        let asked: Vec<_> = [expected.poll, expected.cancel]
            .map(|(action, parameters)| (action.to_owned(), parameters))
            .into();
        assert_eq!(well.asked(), asked);
        let progress = jobs.poll(&Scripted::answering(expected.failed), job).await;
        let has_failed = matches!(&progress, Progress::Ended(Err(error))
            if error.name.as_deref() == Some("States.TaskFailed"));
        assert!(has_failed, "{name}: {progress:?}");
    }
}
