# The parameters of template.yaml, with the same defaults.

variable "name" {
  description = "Begins the name of everything. There may be several in an account."
  type        = string
  default     = "segno"
}

variable "functions" {
  description = "Folder with api.zip, start.zip, callback.zip and step.zip, as cargo lambda build --output-format zip writes them."
  type        = string
}

variable "architecture" {
  description = "What the functions are built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "It must be arm64 or x86_64."
  }
}

variable "mode" {
  description = "strict has the limits and errors of AWS, open none that it does not need."
  type        = string
  default     = "strict"

  validation {
    condition     = contains(["strict", "open"], var.mode)
    error_message = "It must be strict or open."
  }
}

variable "role_pattern" {
  description = "ARNs of the roles that state machines may have, with * in them. By default the roles of this account whose path is /segno/."
  type        = string
  default     = ""
}

variable "maximum_concurrency" {
  description = "Invocations of the function step that work at the same time."
  type        = number
  default     = 100
}

variable "retention_days" {
  description = "Days that executions are kept after they have closed."
  type        = number
  default     = 90
}

variable "payload_days" {
  description = "retention_days and 45 more. What no execution has any more is deleted from the bucket then."
  type        = number
  default     = 135
}

variable "keys" {
  description = "on lets requests in that are signed for Step Functions itself, with keys that segno keys makes. off deletes the keys."
  type        = string
  default     = "off"

  validation {
    condition     = contains(["off", "on"], var.keys)
    error_message = "It must be off or on."
  }
}

variable "console" {
  description = "The console at /console, for people whom segno console gives a link: off, one that only shows what there is (read-only), or one that also starts, stops, redrives and answers (on)."
  type        = string
  default     = "off"

  validation {
    condition     = contains(["off", "read-only", "on"], var.console)
    error_message = "It must be off, read-only or on."
  }
}

variable "triggers" {
  description = "JSON: which state machine is started by the events of a bucket, a queue, a table, a stream or a rule, by its ARN."
  type        = string
  default     = ""
}

variable "event_bus" {
  description = "Name of the bus of EventBridge that is told of status changes, such as default. By default none is."
  type        = string
  default     = ""
}

variable "definitions_bucket" {
  description = "Name of a bucket that custom resources may read definitions from."
  type        = string
  default     = ""
}

variable "log_days" {
  description = "Days that the logs of the functions are kept."
  type        = number
  default     = 30
}

variable "longest_delay_seconds" {
  description = "The longest wait that is left to the queue. Lower it for tests only."
  type        = number
  default     = 900
}
