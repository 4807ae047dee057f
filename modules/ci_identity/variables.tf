variable "name" {
  description = "Prefix of the roles' names."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9-]{1,50}$", var.name))
    error_message = "name must be 1 to 50 letters, digits or hyphens: role names have at most 64 characters."
  }
}

variable "repository" {
  description = "GitHub repository whose workflows may take on the roles, as owner/name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must be owner/name, without wildcards."
  }
}

variable "branch" {
  description = "Branch whose workflows may apply."
  type        = string
  default     = "main"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]*$", var.branch))
    error_message = "branch must be the name of one branch, without wildcards."
  }
}

variable "environment" {
  description = "GitHub environment whose jobs may apply, with its own reviewers and branch rules. Null goes by the branch."
  type        = string
  default     = null

  validation {
    condition     = var.environment == null || can(regex("^[A-Za-z0-9][A-Za-z0-9._-]*$", var.environment))
    error_message = "environment must be the name of one environment, without wildcards."
  }
}

variable "oidc_provider_arn" {
  description = "ARN of the account's provider for token.actions.githubusercontent.com. Null creates it; an account can have only one."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.oidc_provider_arn))
    error_message = "oidc_provider_arn must be the ARN of an OIDC provider for token.actions.githubusercontent.com."
  }
}

variable "state_bucket_arn" {
  description = "ARN of the bucket that holds the states."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.state_bucket_arn))
    error_message = "state_bucket_arn must be the ARN of a bucket."
  }
}

variable "lock_table_arn" {
  description = "ARN of the table that locks the states. Null if files in the bucket lock them."
  type        = string
  default     = null

  validation {
    condition     = var.lock_table_arn == null || can(regex("^arn:[a-z-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/", var.lock_table_arn))
    error_message = "lock_table_arn must be the ARN of a table."
  }
}

variable "state_kms_key_arn" {
  description = "ARN of the KMS key that encrypts the states. Null if S3's own key does."
  type        = string
  default     = null

  validation {
    condition     = var.state_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.state_kms_key_arn))
    error_message = "state_kms_key_arn must be the ARN of a key; neither an alias nor an id."
  }
}

variable "plan_state_keys" {
  description = "Keys of the states that pull requests may read, with * for any text. Whoever may open a pull request reads all that is in them."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.plan_state_keys) > 0 && alltrue([for key in var.plan_state_keys : endswith(key, ".tfstate") && !startswith(key, "*")])
    error_message = "plan_state_keys must name states: each begins with a name and ends in .tfstate."
  }
}

variable "plan_policy_arns" {
  description = "ARNs of the plan role's policies beside reading the states, each under a name of your choice: reading the settings of what the stacks hold."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.plan_policy_arns : !can(regex(":policy/(AdministratorAccess|ReadOnlyAccess|PowerUserAccess)$", arn))])
    error_message = "plan_policy_arns must hold none of AWS's policies for everything: ReadOnlyAccess reads items, objects and the secrets of user pool clients, in the name of any pull request."
  }
}

variable "apply_policy_arns" {
  description = "ARNs of the apply role's policies beside the states, each under a name of your choice: what the stacks may create. A map, because Terraform must know the names before the policies exist."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.apply_policy_arns : !endswith(arn, ":policy/AdministratorAccess")])
    error_message = "apply_policy_arns must not hold AdministratorAccess: name what the stacks create."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds both roles. Null bounds them by their policies only."
  type        = string
  default     = null
}

variable "max_session_seconds" {
  description = "How long a workflow's credentials are valid at most."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.max_session_seconds >= 3600 && var.max_session_seconds <= 43200
    error_message = "max_session_seconds must be 3600 to 43200."
  }
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
  nullable    = false
}
