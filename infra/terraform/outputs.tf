output "console" {
  description = "The console, if there is one. segno console gives a link to it."
  value       = local.has_console == 0 ? null : "${aws_apigatewayv2_api.gateway.api_endpoint}/console"
}

output "endpoint" {
  description = "For executions, tokens, activities and reads. Requests are signed for execute-api."
  value       = aws_apigatewayv2_api.gateway.api_endpoint
}

output "admin_endpoint" {
  description = "For everything."
  value       = "${aws_apigatewayv2_api.gateway.api_endpoint}/admin"
}

output "function_url" {
  description = "What endpoint is for, for synchronous Express executions of up to 5 minutes. Requests are signed for lambda."
  value       = aws_lambda_function_url.api.function_url
}

output "keys_endpoint" {
  description = "For unchanged SDKs, with keys of segno keys."
  value       = one(aws_apigatewayv2_api.keys[*].api_endpoint)
}

output "keys_secret" {
  description = "Where the keys are."
  value       = local.keys_secret
}

output "start_function" {
  description = "Starts executions for other services."
  value       = aws_lambda_function.function["start"].arn
}

output "callback_function" {
  description = "Answers task tokens."
  value       = aws_lambda_function.function["callback"].arn
}

output "api_function" {
  description = "Takes state machines as custom resources of CloudFormation."
  value       = aws_lambda_function.function["api"].arn
}

output "table" {
  description = "Where executions are kept."
  value       = aws_dynamodb_table.table.name
}

output "queue" {
  description = "What wakes executions."
  value       = aws_sqs_queue.queue.url
}

output "dead_letters" {
  description = "Messages that were received too often."
  value       = aws_sqs_queue.dead_letters.url
}

output "logs" {
  description = "The log group of all functions."
  value       = aws_cloudwatch_log_group.logs.name
}

output "caller_roles" {
  description = "ARNs of the roles that assume those of state machines."
  value       = [aws_iam_role.function["api"].arn, aws_iam_role.function["step"].arn]
}
