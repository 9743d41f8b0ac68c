# Segno, and a state machine on it beside the function that it calls.

variable "functions" {
  description = "Folder with the zipped functions of Segno."
  type        = string
}

variable "check" {
  description = "The zipped function that the state machine calls."
  type        = string
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

module "segno" {
  source    = "../../terraform"
  functions = var.functions
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "check" {
  name               = "check"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_lambda_function" "check" {
  function_name = "check"
  role          = aws_iam_role.check.arn
  filename      = var.check
  runtime       = "python3.13"
  handler       = "index.handler"
}

data "aws_iam_policy_document" "segno" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = module.segno.caller_roles
    }
    condition {
      test     = "StringLike"
      variable = "sts:ExternalId"
      values   = ["arn:${data.aws_partition.current.partition}:states:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:stateMachine:*"]
    }
  }
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.check.arn]
  }
}

# Its path is one that Segno's role_pattern has.
resource "aws_iam_role" "order" {
  name               = "order"
  path               = "/segno/"
  assume_role_policy = data.aws_iam_policy_document.segno.json
}

resource "aws_iam_role_policy" "order" {
  role   = aws_iam_role.order.id
  policy = data.aws_iam_policy_document.tasks.json
}

module "order" {
  source               = "./state_machine"
  segno                = module.segno.api_function
  name                 = "order"
  role_arn             = aws_iam_role.order.arn
  stepfunc_type        = "STANDARD"
  definition_file_path = "${path.module}/order.asl.json"
  substitutions        = { CheckFunction = aws_lambda_function.check.arn }
}

output "state_machine" {
  value = module.order.arn
}
