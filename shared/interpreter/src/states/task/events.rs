//! How histories show the tasks of each kind of resource: `LambdaFunction…`, `Activity…` or `Task…`
//! events.

use segno_asl::{definition::Resource, errors::StateError};

use crate::{
    history::{Detail, TaskResource, TaskScheduled},
    payload::PayloadId,
};

/// What is known of an attempt when it comes due.
pub(super) struct Scheduled {
    pub(super) region: String,
    pub(super) sent: PayloadId,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) heartbeat_seconds: Option<u64>,
    pub(super) credentials_role_arn: Option<String>,
}

pub(super) fn scheduled(resource: &Resource, scheduled: Scheduled) -> Detail {
    let Scheduled {
        region,
        sent,
        timeout_seconds,
        heartbeat_seconds,
        credentials_role_arn,
    } = scheduled;
    match resource {
        Resource::LambdaFunction { arn } => Detail::LambdaFunctionScheduled {
            resource: arn.clone(),
            input: sent,
            timeout_seconds,
        },
        Resource::Activity { arn } => Detail::ActivityScheduled {
            resource: arn.clone(),
            input: sent,
            timeout_seconds,
            heartbeat_seconds,
        },
        Resource::Service { .. } => Detail::TaskScheduled(Box::new(TaskScheduled {
            resource: service(resource),
            region,
            parameters: sent,
            timeout_seconds,
            heartbeat_seconds,
            credentials_role_arn,
        })),
    }
}

pub(super) fn started(resource: &Resource) -> Detail {
    match resource {
        Resource::LambdaFunction { .. } => Detail::LambdaFunctionStarted,
        Resource::Activity { .. } => Detail::ActivityStarted { worker_name: None },
        Resource::Service { .. } => Detail::TaskStarted(service(resource)),
    }
}

pub(super) fn submitted(resource: &Resource, output: PayloadId) -> Detail {
    Detail::TaskSubmitted {
        resource: service(resource),
        output,
    }
}

pub(super) fn succeeded(resource: &Resource, output: PayloadId) -> Detail {
    match resource {
        Resource::LambdaFunction { .. } => Detail::LambdaFunctionSucceeded { output },
        Resource::Activity { .. } => Detail::ActivitySucceeded { output },
        Resource::Service { .. } => Detail::TaskSucceeded {
            resource: service(resource),
            output,
        },
    }
}

pub(super) fn failed(resource: &Resource, error: StateError) -> Detail {
    match resource {
        Resource::LambdaFunction { .. } => Detail::LambdaFunctionFailed(error),
        Resource::Activity { .. } => Detail::ActivityFailed(error),
        Resource::Service { .. } => Detail::TaskFailed {
            resource: service(resource),
            error,
        },
    }
}

pub(super) fn timed_out(resource: &Resource, error: StateError) -> Detail {
    match resource {
        Resource::LambdaFunction { .. } => Detail::LambdaFunctionTimedOut(error),
        Resource::Activity { .. } => Detail::ActivityTimedOut(error),
        Resource::Service { .. } => Detail::TaskTimedOut {
            resource: service(resource),
            error,
        },
    }
}

/// `invoke` of `lambda`, `getObject` of `aws-sdk:s3`. What is no service has no such name.
fn service(resource: &Resource) -> TaskResource {
    let (service, action) = match resource {
        Resource::Service {
            service,
            action,
            pattern,
        } => (service.clone(), format!("{action}{}", pattern.suffix())),
        Resource::LambdaFunction { arn } | Resource::Activity { arn } => {
            (String::new(), arn.clone())
        }
    };
    TaskResource {
        resource_type: service,
        resource: action,
    }
}
