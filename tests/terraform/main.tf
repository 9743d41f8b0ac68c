# What the test applies: a state machine by the module, an alias of its version, and an activity.

variable "endpoint" {
  type = string
}

variable "definition_file_path" {
  type = string
}

variable "stepfunc_type" {
  type    = string
  default = "STANDARD"
}

variable "log_group_arn" {
  type    = string
  default = null
}

variable "team" {
  type    = string
  default = "a"
}

variable "has_alias" {
  type    = bool
  default = true
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "AKIDEXAMPLE"
  secret_key                  = "secret"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {
    sfn = var.endpoint
  }

  default_tags {
    tags = { stage = "test" }
  }
}

module "orders" {
  source               = "./module"
  name                 = "orders"
  role_arn             = "arn:aws:iam::123456789012:role/orders"
  stepfunc_type        = var.stepfunc_type
  definition_file_path = var.definition_file_path
  log_group_arn        = var.log_group_arn
  tags                 = { team = var.team }
}

resource "aws_sfn_alias" "live" {
  count = var.has_alias ? 1 : 0
  name  = "live"

  routing_configuration {
    state_machine_version_arn = module.orders.version_arn
    weight                    = 100
  }
}

resource "aws_sfn_activity" "approve" {
  name = "approve"
}

data "aws_sfn_state_machine" "orders" {
  name       = "orders"
  depends_on = [module.orders]
}

output "arn" {
  value = module.orders.arn
}

output "version_arn" {
  value = module.orders.version_arn
}

output "found_arn" {
  value = data.aws_sfn_state_machine.orders.arn
}
