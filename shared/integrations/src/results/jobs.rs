//! What the result of a task is that waits for its job: a part of what its API answers when it is asked.

use crate::{
    aws::{
        Service,
        model::{Shape, Target},
    },
    models,
    sync::{Jobs, Part},
};

/// The result of a job.
pub(super) struct JobResult {
    pub(super) service: &'static Service,
    pub(super) target: Target,
    pub(super) part: Part<'static>,
}

/// The result of the jobs of an action, if it is known.
pub(super) fn of(service: &str, action: &str) -> Option<JobResult> {
    let (poll, part) = match Jobs::of(service, action) {
        Some(jobs) => (jobs.poll_action(), jobs.result()),
        // Its jobs are executions.
        None if (service, action) == ("states", "startExecution") => {
            ("describeExecution", Part::default())
        }
        None => return None,
    };
    let (service, operation) = models::called(service, poll)?;
    let target = part
        .path
        .iter()
        .try_fold(operation.output, |target, name| {
            let members = &service.structure(target)?.members;
            let member = members.iter().find(|member| *member.name == **name)?;
            match service.shape(member.target) {
                Some(Shape::List { member, .. }) => Some(member.target),
                _ => Some(member.target),
            }
        })?;
    Some(JobResult {
        service,
        target,
        part,
    })
}

#[cfg(test)]
mod tests {
    use segno_asl::definition::{Pattern, Resource};

    use super::*;

    #[test]
    fn every_job_has_a_result() {
        // Virtual clusters are there at once; a Kubernetes job is no API of AWS.
        let none = [
            "eks:call",
            "eks:runJob",
            "emr-containers:createVirtualCluster",
        ];
        for resource in Resource::optimized() {
            let Some(Resource::Service {
                service,
                action,
                pattern: Pattern::Sync,
            }) = Resource::parse(&resource)
            else {
                continue;
            };
            let call = format!("{service}:{action}");
            let is_none = of(&service, &action).is_none();
            assert_eq!(is_none, none.contains(&&*call), "{call}");
        }
    }
}
