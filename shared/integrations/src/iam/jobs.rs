//! What a task that waits for its job needs beside the call: to ask for the job, to stop it, and the rule
//! by which AWS hears of its end, where AWS documents one.
//!
//! AWS: [IAM policies for integrated services](https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html).

use crate::sync::Jobs;

/// The actions of the service that ask about a job and stop it.
pub(super) fn actions(service: &str, action: &str) -> Vec<&'static str> {
    match Jobs::of(service, action) {
        Some(jobs) => [Some(jobs.poll_action()), jobs.cancel_action()]
            .into_iter()
            .flatten()
            .collect(),
        None if (service, action) == ("states", "startExecution") => {
            vec!["describeExecution", "stopExecution"]
        }
        None => Vec::new(),
    }
}

/// The rule that AWS manages.
pub(super) fn rule(call: &str) -> Option<&'static str> {
    Some(match call {
        "batch:submitJob" => "StepFunctionsGetEventsForBatchJobsRule",
        "codebuild:startBuild" => "StepFunctionsGetEventForCodeBuildStartBuildRule",
        "codebuild:startBuildBatch" => "StepFunctionsGetEventForCodeBuildStartBuildBatchRule",
        "ecs:runTask" => "StepFunctionsGetEventsForECSTaskRule",
        "elasticmapreduce:addStep" => "StepFunctionsGetEventForEMRAddJobFlowStepsRule",
        "elasticmapreduce:createCluster" => "StepFunctionsGetEventForEMRRunJobFlowRule",
        "elasticmapreduce:terminateCluster" => "StepFunctionsGetEventForEMRTerminateJobFlowsRule",
        "emr-serverless:cancelJobRun" | "emr-serverless:startJobRun" => {
            "StepFunctionsGetEventsForEMRServerlessJobRule"
        }
        "emr-serverless:createApplication"
        | "emr-serverless:deleteApplication"
        | "emr-serverless:startApplication"
        | "emr-serverless:stopApplication" => {
            "StepFunctionsGetEventsForEMRServerlessApplicationRule"
        }
        "mediaconvert:createJob" => "StepFunctionsGetEventsForMediaConvertJobRule",
        "sagemaker:createTrainingJob" => "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
        "sagemaker:createTransformJob" => "StepFunctionsGetEventsForSageMakerTransformJobsRule",
        "states:startExecution" => "StepFunctionsGetEventsForStepFunctionsExecutionRule",
        _ => return None,
    })
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
