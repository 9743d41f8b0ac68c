//! What the result of a job is: which API is asked for it, and which part of its response that is.
//!
//! AWS: [Run a job](https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync).

use crate::aws::{
    Service,
    model::{Shape, Target},
};

pub(super) struct Job {
    call: &'static str,
    service: &'static str,
    /// The action that is polled.
    action: &'static str,
    /// The members that lead from the response to the result. An array is a list of one.
    pub(super) path: &'static [&'static str],
    /// The member of the result that it is, if it is not all of it.
    pub(super) around: Option<&'static str>,
}

const fn job(
    call: &'static str,
    service: &'static str,
    action: &'static str,
    path: &'static [&'static str],
) -> Job {
    Job {
        call,
        service,
        action,
        path,
        around: None,
    }
}

impl Job {
    const fn within(self, name: &'static str) -> Self {
        Self {
            around: Some(name),
            ..self
        }
    }

    /// The service, and what its result is there.
    pub(super) fn result(&self) -> Option<(&'static Service, Target)> {
        let service = Service::find(self.service)?;
        let response = service.operation(self.action)?.output;
        let target = self.path.iter().try_fold(response, |target, name| {
            let members = &service.structure(target)?.members;
            let member = members.iter().find(|member| *member.name == **name)?;
            match service.shape(member.target) {
                Some(Shape::List { member, .. }) => Some(member.target),
                _ => Some(member.target),
            }
        });
        Some((service, target?))
    }
}

const JOBS: &[Job] = &[
    job(
        "athena:startQueryExecution",
        "athena",
        "getQueryExecution",
        &[],
    ),
    job("batch:submitJob", "batch", "describeJobs", &["Jobs"]),
    job(
        "bedrock:createModelCustomizationJob",
        "bedrock",
        "getModelCustomizationJob",
        &[],
    ),
    job(
        "codebuild:retryBuildBatch",
        "codebuild",
        "batchGetBuildBatches",
        &["BuildBatches"],
    )
    .within("BuildBatch"),
    job(
        "codebuild:startBuild",
        "codebuild",
        "batchGetBuilds",
        &["Builds"],
    )
    .within("Build"),
    job(
        "codebuild:startBuildBatch",
        "codebuild",
        "batchGetBuildBatches",
        &["BuildBatches"],
    )
    .within("BuildBatch"),
    job("databrew:startJobRun", "databrew", "describeJobRun", &[]),
    job("ecs:runTask", "ecs", "describeTasks", &["Tasks"]),
    job("eks:createCluster", "eks", "describeCluster", &[]),
    job(
        "eks:createFargateProfile",
        "eks",
        "describeFargateProfile",
        &[],
    ),
    job("eks:createNodegroup", "eks", "describeNodegroup", &[]),
    job("eks:deleteCluster", "eks", "describeCluster", &[]),
    job(
        "eks:deleteFargateProfile",
        "eks",
        "describeFargateProfile",
        &[],
    ),
    job("eks:deleteNodegroup", "eks", "describeNodegroup", &[]),
    job("elasticmapreduce:addStep", "emr", "describeStep", &["Step"]),
    job(
        "elasticmapreduce:createCluster",
        "emr",
        "describeCluster",
        &["Cluster"],
    ),
    job(
        "elasticmapreduce:terminateCluster",
        "emr",
        "describeCluster",
        &["Cluster"],
    ),
    job(
        "emr-containers:deleteVirtualCluster",
        "emrcontainers",
        "describeVirtualCluster",
        &["VirtualCluster"],
    ),
    job(
        "emr-containers:startJobRun",
        "emrcontainers",
        "describeJobRun",
        &["JobRun"],
    ),
    job(
        "emr-serverless:cancelJobRun",
        "emrserverless",
        "getJobRun",
        &["JobRun"],
    ),
    job(
        "emr-serverless:createApplication",
        "emrserverless",
        "getApplication",
        &["Application"],
    ),
    job(
        "emr-serverless:deleteApplication",
        "emrserverless",
        "getApplication",
        &["Application"],
    ),
    job(
        "emr-serverless:startApplication",
        "emrserverless",
        "getApplication",
        &["Application"],
    ),
    job(
        "emr-serverless:startJobRun",
        "emrserverless",
        "getJobRun",
        &["JobRun"],
    ),
    job(
        "emr-serverless:stopApplication",
        "emrserverless",
        "getApplication",
        &["Application"],
    ),
    job("glue:startJobRun", "glue", "getJobRun", &["JobRun"]),
    job("mediaconvert:createJob", "mediaconvert", "getJob", &[]),
    job(
        "sagemaker:createHyperParameterTuningJob",
        "sagemaker",
        "describeHyperParameterTuningJob",
        &[],
    ),
    job(
        "sagemaker:createLabelingJob",
        "sagemaker",
        "describeLabelingJob",
        &[],
    ),
    job(
        "sagemaker:createProcessingJob",
        "sagemaker",
        "describeProcessingJob",
        &[],
    ),
    job(
        "sagemaker:createTrainingJob",
        "sagemaker",
        "describeTrainingJob",
        &[],
    ),
    job(
        "sagemaker:createTransformJob",
        "sagemaker",
        "describeTransformJob",
        &[],
    ),
    job("states:startExecution", "sfn", "describeExecution", &[]),
];

/// The job that a call starts, if its result is known.
pub(super) fn of(call: &str) -> Option<&'static Job> {
    JOBS.iter().find(|job| job.call == call)
}

#[cfg(test)]
mod tests {
    use segno_asl::definition::{Pattern, Resource};

    use super::*;

    #[test]
    fn every_job_has_a_result() {
        for job in JOBS {
            assert!(job.result().is_some(), "{}", job.call);
        }
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
            // Virtual clusters are there at once; a Kubernetes job is no API of AWS.
            let has_none = [
                "eks:call",
                "eks:runJob",
                "emr-containers:createVirtualCluster",
            ];
            assert_eq!(of(&call).is_none(), has_none.contains(&&*call), "{call}");
        }
    }
}
