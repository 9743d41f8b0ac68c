//! What a task that waits for its job needs beside the call: to ask for the job, to stop it, and the rule
//! by which AWS hears of its end, where AWS documents one.
//!
//! AWS: [IAM policies for integrated services](https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html).

pub(super) struct Job {
    call: &'static str,
    pub(super) actions: &'static [&'static str],
    pub(super) rule: Option<&'static str>,
}

const fn job(
    call: &'static str,
    actions: &'static [&'static str],
    rule: Option<&'static str>,
) -> Job {
    Job {
        call,
        actions,
        rule,
    }
}

const JOBS: &[Job] = &[
    job(
        "athena:startQueryExecution",
        &["athena:GetQueryExecution", "athena:StopQueryExecution"],
        None,
    ),
    job(
        "batch:submitJob",
        &["batch:DescribeJobs", "batch:TerminateJob"],
        Some("StepFunctionsGetEventsForBatchJobsRule"),
    ),
    job(
        "bedrock:createModelCustomizationJob",
        &[
            "bedrock:GetModelCustomizationJob",
            "bedrock:StopModelCustomizationJob",
        ],
        None,
    ),
    job(
        "codebuild:retryBuildBatch",
        &["codebuild:BatchGetBuildBatches", "codebuild:StopBuildBatch"],
        None,
    ),
    job(
        "codebuild:startBuild",
        &["codebuild:BatchGetBuilds", "codebuild:StopBuild"],
        Some("StepFunctionsGetEventForCodeBuildStartBuildRule"),
    ),
    job(
        "codebuild:startBuildBatch",
        &["codebuild:BatchGetBuildBatches", "codebuild:StopBuildBatch"],
        Some("StepFunctionsGetEventForCodeBuildStartBuildBatchRule"),
    ),
    job(
        "databrew:startJobRun",
        &["databrew:DescribeJobRun", "databrew:StopJobRun"],
        None,
    ),
    job(
        "ecs:runTask",
        &["ecs:DescribeTasks", "ecs:StopTask"],
        Some("StepFunctionsGetEventsForECSTaskRule"),
    ),
    job("eks:createCluster", &["eks:DescribeCluster"], None),
    job(
        "eks:createFargateProfile",
        &["eks:DescribeFargateProfile"],
        None,
    ),
    job("eks:createNodegroup", &["eks:DescribeNodegroup"], None),
    job("eks:deleteCluster", &["eks:DescribeCluster"], None),
    job(
        "eks:deleteFargateProfile",
        &["eks:DescribeFargateProfile"],
        None,
    ),
    job("eks:deleteNodegroup", &["eks:DescribeNodegroup"], None),
    job(
        "elasticmapreduce:addStep",
        &[
            "elasticmapreduce:CancelSteps",
            "elasticmapreduce:DescribeStep",
        ],
        Some("StepFunctionsGetEventForEMRAddJobFlowStepsRule"),
    ),
    job(
        "elasticmapreduce:createCluster",
        &[
            "elasticmapreduce:DescribeCluster",
            "elasticmapreduce:TerminateJobFlows",
        ],
        Some("StepFunctionsGetEventForEMRRunJobFlowRule"),
    ),
    job(
        "elasticmapreduce:terminateCluster",
        &["elasticmapreduce:DescribeCluster"],
        Some("StepFunctionsGetEventForEMRTerminateJobFlowsRule"),
    ),
    job(
        "emr-containers:deleteVirtualCluster",
        &["emr-containers:DescribeVirtualCluster"],
        None,
    ),
    job(
        "emr-containers:startJobRun",
        &[
            "emr-containers:CancelJobRun",
            "emr-containers:DescribeJobRun",
        ],
        None,
    ),
    job(
        "emr-serverless:cancelJobRun",
        &["emr-serverless:GetJobRun"],
        Some("StepFunctionsGetEventsForEMRServerlessJobRule"),
    ),
    job(
        "emr-serverless:createApplication",
        &["emr-serverless:GetApplication"],
        Some("StepFunctionsGetEventsForEMRServerlessApplicationRule"),
    ),
    job(
        "emr-serverless:deleteApplication",
        &["emr-serverless:GetApplication"],
        Some("StepFunctionsGetEventsForEMRServerlessApplicationRule"),
    ),
    job(
        "emr-serverless:startApplication",
        &["emr-serverless:GetApplication"],
        Some("StepFunctionsGetEventsForEMRServerlessApplicationRule"),
    ),
    job(
        "emr-serverless:startJobRun",
        &["emr-serverless:CancelJobRun", "emr-serverless:GetJobRun"],
        Some("StepFunctionsGetEventsForEMRServerlessJobRule"),
    ),
    job(
        "emr-serverless:stopApplication",
        &["emr-serverless:GetApplication"],
        Some("StepFunctionsGetEventsForEMRServerlessApplicationRule"),
    ),
    job(
        "glue:startJobRun",
        &["glue:BatchStopJobRun", "glue:GetJobRun"],
        None,
    ),
    job(
        "mediaconvert:createJob",
        &["mediaconvert:CancelJob", "mediaconvert:GetJob"],
        Some("StepFunctionsGetEventsForMediaConvertJobRule"),
    ),
    job(
        "sagemaker:createHyperParameterTuningJob",
        &[
            "sagemaker:DescribeHyperParameterTuningJob",
            "sagemaker:StopHyperParameterTuningJob",
        ],
        None,
    ),
    job(
        "sagemaker:createLabelingJob",
        &["sagemaker:DescribeLabelingJob", "sagemaker:StopLabelingJob"],
        None,
    ),
    job(
        "sagemaker:createProcessingJob",
        &[
            "sagemaker:DescribeProcessingJob",
            "sagemaker:StopProcessingJob",
        ],
        None,
    ),
    job(
        "sagemaker:createTrainingJob",
        &["sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"],
        Some("StepFunctionsGetEventsForSageMakerTrainingJobsRule"),
    ),
    job(
        "sagemaker:createTransformJob",
        &[
            "sagemaker:DescribeTransformJob",
            "sagemaker:StopTransformJob",
        ],
        Some("StepFunctionsGetEventsForSageMakerTransformJobsRule"),
    ),
    job(
        "states:startExecution",
        &["states:DescribeExecution", "states:StopExecution"],
        Some("StepFunctionsGetEventsForStepFunctionsExecutionRule"),
    ),
];

pub(super) fn of(call: &str) -> Option<&'static Job> {
    JOBS.iter().find(|job| job.call == call)
}

/// The executions of a state machine.
pub(super) fn executions(state_machine: &str) -> String {
    let (before, name) = match state_machine.split_once(":stateMachine:") {
        Some(parts) => parts,
        None => return "*".into(),
    };
    // Without a version or alias.
    let name = name.split(':').next().unwrap_or(name);
    format!("{before}:execution:{name}:*")
}
