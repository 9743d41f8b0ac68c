data "aws_iam_policy_document" "state_machine" {
  statement {
    actions   = ["sns:Publish"]
    resources = ["$${Topic}"]
  }

  statement {
    actions   = [
      "glue:BatchStopJobRun",
      "glue:GetJobRun",
      "glue:StartJobRun",
      "sagemaker:CreateTrainingJob",
      "sagemaker:DescribeTrainingJob",
      "sagemaker:StopTrainingJob",
    ]
    resources = ["*"]
  }

  statement {
    actions   = ["dynamodb:PutItem"]
    resources = ["arn:aws:dynamodb:eu-west-1:123456789012:table/orders"]
  }

  statement {
    actions   = ["dynamodb:Query"]
    resources = [
      "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
      "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/index/by-day",
    ]
  }

  statement {
    actions   = ["events:PutEvents"]
    resources = ["arn:aws:events:eu-west-1:123456789012:event-bus/default"]
  }

  statement {
    actions   = [
      "events:DescribeRule",
      "events:PutRule",
      "events:PutTargets",
    ]
    resources = ["arn:aws:events:eu-west-1:123456789012:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"]
  }

  statement {
    actions   = [
      "events:DescribeRule",
      "events:PutRule",
      "events:PutTargets",
    ]
    resources = ["arn:aws:events:eu-west-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"]
  }

  statement {
    actions   = ["events:RetrieveConnectionCredentials"]
    resources = ["arn:aws:events:us-east-1:123456789012:connection/rates/1"]
  }

  statement {
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::123456789012:role/train"]
  }

  statement {
    actions   = ["sts:AssumeRole"]
    resources = ["arn:aws:iam::210987654321:role/partner"]
  }

  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [
      "arn:aws:lambda:us-east-1:123456789012:function:charge",
      "arn:aws:lambda:us-east-1:123456789012:function:charge:*",
    ]
  }

  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = ["arn:aws:lambda:us-east-1:123456789012:function:count:live"]
  }

  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::orders-in/today.json"]
  }

  statement {
    actions   = [
      "s3:AbortMultipartUpload",
      "s3:GetObject",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
    ]
    resources = ["arn:aws:s3:::orders-out/runs/*"]
  }

  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::prices/*"]
  }

  statement {
    actions   = [
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
    ]
    resources = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:events!connection/*"]
  }

  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:us-east-1:123456789012:parcels"]
  }

  statement {
    actions   = [
      "states:DescribeExecution",
      "states:RedriveExecution",
      "states:StopExecution",
    ]
    resources = [
      "arn:aws:states:eu-west-1:123456789012:execution:orders/*",
      "arn:aws:states:eu-west-1:123456789012:execution:orders:*",
    ]
  }

  statement {
    actions   = ["states:StartExecution"]
    resources = ["arn:aws:states:eu-west-1:123456789012:stateMachine:orders"]
  }

  statement {
    actions   = ["states:InvokeHTTPEndpoint"]
    resources = ["arn:aws:states:eu-west-1:123456789012:stateMachine:orders"]

    condition {
      test     = "StringLike"
      variable = "states:HTTPEndpoint"
      values   = ["https://api.example.com/rates"]
    }

    condition {
      test     = "StringEquals"
      variable = "states:HTTPMethod"
      values   = ["GET"]
    }
  }

  statement {
    actions   = [
      "states:DescribeExecution",
      "states:StopExecution",
    ]
    resources = ["arn:aws:states:us-east-1:123456789012:execution:refund:*"]
  }

  statement {
    actions   = ["states:StartExecution"]
    resources = [
      "arn:aws:states:us-east-1:123456789012:stateMachine:refund",
      "arn:aws:states:us-east-1:123456789012:stateMachine:refund:live",
    ]
  }
}
