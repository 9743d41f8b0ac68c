# A state machine as modules that people publish have it.

variable "name" {
  type = string
}

variable "role_arn" {
  type = string
}

variable "stepfunc_type" {
  type    = string
  default = "STANDARD"
}

variable "definition_file_path" {
  type = string
}

variable "log_group_arn" {
  type    = string
  default = null
}

variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_sfn_state_machine" "this" {
  name       = var.name
  role_arn   = var.role_arn
  type       = var.stepfunc_type
  definition = file(var.definition_file_path)
  publish    = true
  tags       = var.tags

  dynamic "logging_configuration" {
    for_each = var.log_group_arn == null ? [] : [var.log_group_arn]
    content {
      log_destination        = "${logging_configuration.value}:*"
      include_execution_data = true
      level                  = "ERROR"
    }
  }
}

output "arn" {
  value = aws_sfn_state_machine.this.arn
}

output "version_arn" {
  value = aws_sfn_state_machine.this.state_machine_version_arn
}
