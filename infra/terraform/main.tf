# template.yaml for Terraform: the same resources, permissions and environment. tests/infra compares them.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account      = data.aws_caller_identity.current.account_id
  partition    = data.aws_partition.current.partition
  region       = data.aws_region.current.id
  role_pattern = var.role_pattern != "" ? var.role_pattern : "arn:${local.partition}:iam::${local.account}:role/segno/*"
  event_bus    = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/${var.event_bus}"

  has_keys    = var.keys == "on" ? 1 : 0
  has_console = var.console == "off" ? 0 : 1
  keys_secret = one(aws_secretsmanager_secret.keys[*].arn)

  # What the environment of a function has beside that of all.
  environment = {
    api = { SEGNO_KEYS_SECRET = local.keys_secret == null ? "" : local.keys_secret }
  }

  functions = {
    api      = { timeout = 310, policy = data.aws_iam_policy_document.api.json }
    start    = { timeout = 29, policy = data.aws_iam_policy_document.start.json }
    callback = { timeout = 29, policy = data.aws_iam_policy_document.callback.json }
    step     = { timeout = 900, policy = data.aws_iam_policy_document.step.json }
  }
}

# Everything that is kept. ---------------------------------------------------------------------------------------------

resource "aws_dynamodb_table" "table" {
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  attribute {
    name = "lk"
    type = "S"
  }
  attribute {
    name = "ls"
    type = "S"
  }
  global_secondary_index {
    name            = "list"
    hash_key        = "lk"
    range_key       = "ls"
    projection_type = "ALL"
  }
  ttl {
    attribute_name = "ttl"
    enabled        = true
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled = true
  }
}

resource "aws_s3_bucket" "bucket" {
  bucket = "${var.name}-${local.account}-${local.region}"
}

resource "aws_s3_bucket_public_access_block" "bucket" {
  bucket                  = aws_s3_bucket.bucket.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "bucket" {
  bucket = aws_s3_bucket.bucket.id

  rule {
    id     = "forgotten"
    status = "Enabled"
    filter {
      prefix = "executions/"
    }
    expiration {
      days = var.payload_days
    }
  }
  rule {
    id     = "abandoned"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = "/segno/${var.name}"
  retention_in_days = var.log_days
}

# What wakes executions. -----------------------------------------------------------------------------------------------

resource "aws_sqs_queue" "queue" {
  name                       = "${var.name}-queue"
  visibility_timeout_seconds = 900
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = true
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 10 })
}

resource "aws_sqs_queue" "second_queue" {
  name                       = "${var.name}-second-queue"
  visibility_timeout_seconds = 900
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = true
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters.arn, maxReceiveCount = 10 })
}

resource "aws_sqs_queue" "dead_letters" {
  name                       = "${var.name}-dead-letters"
  visibility_timeout_seconds = 60
  message_retention_seconds  = 1209600
  sqs_managed_sse_enabled    = true
}

data "aws_iam_policy_document" "queues" {
  statement {
    effect    = "Deny"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
    resources = [aws_sqs_queue.queue.arn, aws_sqs_queue.second_queue.arn, aws_sqs_queue.dead_letters.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = [for role in aws_iam_role.function : role.arn]
    }
    # SQS itself moves dead letters.
    condition {
      test     = "Bool"
      variable = "aws:PrincipalIsAWSService"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "queues" {
  for_each = {
    queue        = aws_sqs_queue.queue.id
    second_queue = aws_sqs_queue.second_queue.id
    dead_letters = aws_sqs_queue.dead_letters.id
  }
  queue_url = each.value
  policy    = data.aws_iam_policy_document.queues.json
}

data "aws_iam_policy_document" "bucket" {
  statement {
    effect    = "Deny"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.bucket.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = [for role in aws_iam_role.function : role.arn]
    }
  }
}

resource "aws_s3_bucket_policy" "bucket" {
  bucket     = aws_s3_bucket.bucket.id
  policy     = data.aws_iam_policy_document.bucket.json
  depends_on = [aws_s3_bucket_public_access_block.bucket]
}

# The functions, each with its triggers and with all that it may do. ---------------------------------------------------

data "aws_iam_policy_document" "api" {
  statement {
    sid = "Executions"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [aws_dynamodb_table.table.arn, "${aws_dynamodb_table.table.arn}/index/list"]
  }
  statement {
    sid       = "Payloads"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.bucket.arn}/*"]
  }
  statement {
    sid       = "Messages"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.queue.arn]
  }
  statement {
    sid       = "MachineRoles"
    actions   = ["sts:AssumeRole"]
    resources = [local.role_pattern]
  }
  dynamic "statement" {
    for_each = var.definitions_bucket != "" ? [var.definitions_bucket] : []
    content {
      sid       = "Definitions"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${statement.value}/*"]
    }
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "Executions"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]
    resources = [aws_dynamodb_table.table.arn]
  }
  statement {
    sid       = "Payloads"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.bucket.arn}/*"]
  }
  statement {
    sid       = "Messages"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.queue.arn]
  }
}

data "aws_iam_policy_document" "callback" {
  statement {
    sid = "Executions"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [aws_dynamodb_table.table.arn]
  }
  statement {
    sid       = "Payloads"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.bucket.arn}/*"]
  }
  statement {
    sid       = "Messages"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.queue.arn]
  }
}

data "aws_iam_policy_document" "step" {
  statement {
    sid = "Executions"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:PutItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [aws_dynamodb_table.table.arn]
  }
  # Once a day it looks for executions that are open for long.
  statement {
    sid       = "OpenExecutions"
    actions   = ["dynamodb:Scan"]
    resources = ["${aws_dynamodb_table.table.arn}/index/list"]
  }
  statement {
    sid       = "Payloads"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.bucket.arn}/*"]
  }
  statement {
    sid       = "ListOfPayloads"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.bucket.arn]
  }
  statement {
    sid = "Messages"
    actions = [
      "sqs:SendMessage",
      "sqs:ReceiveMessage",
      "sqs:DeleteMessage",
      "sqs:ChangeMessageVisibility",
      "sqs:GetQueueAttributes",
    ]
    resources = [aws_sqs_queue.queue.arn, aws_sqs_queue.second_queue.arn, aws_sqs_queue.dead_letters.arn]
  }
  statement {
    sid       = "MachineRoles"
    actions   = ["sts:AssumeRole"]
    resources = [local.role_pattern]
  }
  dynamic "statement" {
    for_each = var.event_bus != "" ? [local.event_bus] : []
    content {
      sid       = "StatusChanges"
      actions   = ["events:PutEvents"]
      resources = [statement.value]
    }
  }
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

resource "aws_iam_role" "function" {
  for_each           = toset(["api", "start", "callback", "step"])
  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions
  role     = aws_iam_role.function[each.key].id
  policy   = each.value.policy
}

resource "aws_iam_role_policy_attachment" "logs" {
  for_each   = local.functions
  role       = aws_iam_role.function[each.key].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "function" {
  for_each         = local.functions
  function_name    = "${var.name}-${each.key}"
  role             = aws_iam_role.function[each.key].arn
  filename         = "${var.functions}/${each.key}.zip"
  source_code_hash = filebase64sha256("${var.functions}/${each.key}.zip")
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = 512
  timeout          = each.value.timeout

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.logs.name
  }
  environment {
    variables = merge(lookup(local.environment, each.key, {}), {
      SEGNO_TABLE             = aws_dynamodb_table.table.name
      SEGNO_BUCKET            = aws_s3_bucket.bucket.bucket
      SEGNO_QUEUE_URL         = aws_sqs_queue.queue.url
      SEGNO_SECOND_QUEUE_URL  = aws_sqs_queue.second_queue.url
      SEGNO_DEAD_LETTERS_URL  = aws_sqs_queue.dead_letters.url
      SEGNO_ACCOUNT_ID        = local.account
      SEGNO_MODE              = var.mode
      SEGNO_RETENTION_DAYS    = var.retention_days
      SEGNO_TRIGGERS          = var.triggers
      SEGNO_STACK             = var.name
      SEGNO_EVENT_BUS         = var.event_bus
      SEGNO_CONSOLE           = var.console
      SEGNO_DELAY_MAX_SECONDS = var.longest_delay_seconds
      SEGNO_ROLE_PATTERN      = local.role_pattern
    })
  }
  depends_on = [aws_iam_role_policy.function, aws_iam_role_policy_attachment.logs]
}

# A workflow may take as many hops as it has states: nothing here is a runaway loop.
resource "aws_lambda_function_recursion_config" "function" {
  for_each       = local.functions
  function_name  = aws_lambda_function.function[each.key].function_name
  recursive_loop = "Allow"
}

resource "aws_lambda_event_source_mapping" "messages" {
  event_source_arn        = aws_sqs_queue.queue.arn
  function_name           = aws_lambda_function.function["step"].arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }
}

resource "aws_lambda_event_source_mapping" "suspects" {
  event_source_arn        = aws_sqs_queue.second_queue.arn
  function_name           = aws_lambda_function.function["step"].arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 2
  }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "schedule" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.function["step"].arn]
  }
}

resource "aws_iam_role" "schedule" {
  name               = "${var.name}-schedule"
  assume_role_policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_iam_role_policy" "schedule" {
  role   = aws_iam_role.schedule.id
  policy = data.aws_iam_policy_document.schedule.json
}

resource "aws_scheduler_schedule" "reconcile" {
  name                = "${var.name}-reconcile"
  schedule_expression = "rate(1 minute)"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_lambda_function.function["step"].arn
    role_arn = aws_iam_role.schedule.arn
  }
}

resource "aws_scheduler_schedule" "restamp" {
  name                = "${var.name}-restamp"
  schedule_expression = "rate(1 day)"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_lambda_function.function["step"].arn
    role_arn = aws_iam_role.schedule.arn
    input    = jsonencode({ restamp = true })
  }
}

# The way in. Every route asks for a signature of IAM. -----------------------------------------------------------------

resource "aws_apigatewayv2_api" "gateway" {
  name          = var.name
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "stage" {
  api_id      = aws_apigatewayv2_api.gateway.id
  name        = "$default"
  auto_deploy = true
}

resource "aws_apigatewayv2_integration" "function" {
  for_each               = toset(["api", "start", "callback"])
  api_id                 = aws_apigatewayv2_api.gateway.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.function[each.key].arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "api" {
  api_id             = aws_apigatewayv2_api.gateway.id
  route_key          = "POST /"
  authorization_type = "AWS_IAM"
  target             = "integrations/${aws_apigatewayv2_integration.function["api"].id}"
}

resource "aws_apigatewayv2_route" "admin" {
  api_id             = aws_apigatewayv2_api.gateway.id
  route_key          = "POST /admin"
  authorization_type = "AWS_IAM"
  target             = "integrations/${aws_apigatewayv2_integration.function["api"].id}"
}

resource "aws_apigatewayv2_route" "start" {
  api_id             = aws_apigatewayv2_api.gateway.id
  route_key          = "POST /state-machines/{name}/executions"
  authorization_type = "AWS_IAM"
  target             = "integrations/${aws_apigatewayv2_integration.function["start"].id}"
}

resource "aws_apigatewayv2_route" "callback" {
  api_id             = aws_apigatewayv2_api.gateway.id
  route_key          = "POST /callbacks/{action}"
  authorization_type = "AWS_IAM"
  target             = "integrations/${aws_apigatewayv2_integration.function["callback"].id}"
}

# Links to the console, for whoever may invoke this route.
resource "aws_apigatewayv2_route" "console_link" {
  count              = local.has_console
  api_id             = aws_apigatewayv2_api.gateway.id
  route_key          = "POST /admin/console"
  authorization_type = "AWS_IAM"
  target             = "integrations/${aws_apigatewayv2_integration.function["api"].id}"
}

# A browser cannot sign. The console lets in whoever has a session, which begins with such a link.
resource "aws_apigatewayv2_route" "console" {
  count              = local.has_console
  api_id             = aws_apigatewayv2_api.gateway.id
  route_key          = "GET /console"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.function["api"].id}"
}

resource "aws_apigatewayv2_route" "console_pages" {
  count              = local.has_console
  api_id             = aws_apigatewayv2_api.gateway.id
  route_key          = "GET /console/{proxy+}"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.function["api"].id}"
}

resource "aws_apigatewayv2_route" "console_forms" {
  count              = local.has_console
  api_id             = aws_apigatewayv2_api.gateway.id
  route_key          = "POST /console/{proxy+}"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.function["api"].id}"
}

resource "aws_lambda_permission" "gateway" {
  for_each      = toset(["api", "start", "callback"])
  function_name = aws_lambda_function.function[each.key].function_name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "arn:${local.partition}:execute-api:${local.region}:${local.account}:${aws_apigatewayv2_api.gateway.id}/*"
}

# What the route / is for, without the 30 seconds of API Gateway. Requests are signed for lambda.
resource "aws_lambda_function_url" "api" {
  function_name      = aws_lambda_function.function["api"].function_name
  authorization_type = "AWS_IAM"
}

# The way in with keys, if there is one. The function api verifies signatures. -----------------------------------------

resource "aws_secretsmanager_secret" "keys" {
  count       = local.has_keys
  name_prefix = "${var.name}-keys-"
  description = "Keys of Segno, which `segno keys` makes."
}

resource "aws_secretsmanager_secret_version" "keys" {
  count         = local.has_keys
  secret_id     = aws_secretsmanager_secret.keys[0].id
  secret_string = jsonencode({ keys = [] })

  lifecycle {
    # What `segno keys` writes stays.
    ignore_changes = [secret_string]
  }
}

data "aws_iam_policy_document" "keys" {
  count = local.has_keys
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.keys[0].arn]
  }
}

resource "aws_iam_role_policy" "keys" {
  count  = local.has_keys
  role   = aws_iam_role.function["api"].id
  policy = data.aws_iam_policy_document.keys[0].json
}

resource "aws_apigatewayv2_api" "keys" {
  count         = local.has_keys
  name          = "${var.name}-keys"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "keys" {
  count       = local.has_keys
  api_id      = aws_apigatewayv2_api.keys[0].id
  name        = "$default"
  auto_deploy = true

  # Whoever has no key can cause no more invocations than these.
  default_route_settings {
    throttling_rate_limit  = 500
    throttling_burst_limit = 500
  }
}

resource "aws_apigatewayv2_integration" "keys" {
  count                  = local.has_keys
  api_id                 = aws_apigatewayv2_api.keys[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.function["api"].arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "keys" {
  count              = local.has_keys
  api_id             = aws_apigatewayv2_api.keys[0].id
  route_key          = "POST /"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.keys[0].id}"
}

resource "aws_lambda_permission" "keys" {
  count         = local.has_keys
  function_name = aws_lambda_function.function["api"].function_name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "arn:${local.partition}:execute-api:${local.region}:${local.account}:${aws_apigatewayv2_api.keys[0].id}/*"
}
