# A state machine on Segno. CloudFormation makes it, as a custom resource: it waits for the end, and rolls back.

variable "segno" {
  description = "ARN of Segno's function api."
  type        = string
}

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
  default = ""
}

variable "substitutions" {
  description = "What stands in $${} in the definition."
  type        = map(string)
  default     = {}
}

resource "aws_cloudformation_stack" "this" {
  name = "${var.name}-state-machine"
  template_body = jsonencode({
    Resources = {
      StateMachine = {
        Type = "Custom::StateMachine"
        Properties = {
          ServiceToken         = var.segno
          name                 = var.name
          role_arn             = var.role_arn
          stepfunc_type        = var.stepfunc_type
          definition_file_path = templatefile(var.definition_file_path, var.substitutions)
          log_group_arn        = var.log_group_arn
        }
      }
    }
    Outputs = {
      Arn = { Value = { "Fn::GetAtt" = ["StateMachine", "Arn"] } }
    }
  })
}

output "arn" {
  value = aws_cloudformation_stack.this.outputs["Arn"]
}
