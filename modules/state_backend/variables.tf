variable "bucket_name" {
  description = "Name of the S3 bucket that holds the states; unique in the world."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must be 3 to 63 lower-case letters, digits, dots or hyphens, and must begin and end with a letter or digit."
  }
}

variable "lock_table_name" {
  description = "Name of the DynamoDB table that locks the states. Null creates none, for deployments that lock with files in the bucket."
  type        = string
  default     = null

  validation {
    condition     = var.lock_table_name == null || can(regex("^[A-Za-z0-9_.-]{3,255}$", var.lock_table_name))
    error_message = "lock_table_name must be 3 to 255 letters, digits, underscores, dots or hyphens."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the states and the lock table. Null encrypts them with the services' own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key; neither an alias nor an id."
  }
}

variable "noncurrent_version_days" {
  description = "Days after which replaced states are gone. They are the way back after a mistake."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 7 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days must be a whole number of at least 7."
  }
}

variable "access_log_bucket" {
  description = "Name of the bucket that records each request for a state. Null records none."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether the bucket refuses to be deleted while it holds states, and the table at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
