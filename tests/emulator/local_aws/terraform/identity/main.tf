# User pools, roles, the identity provider of a pipeline.

variable "name" {
  type = string
}

resource "aws_cognito_user_pool" "this" {
  name                     = var.name
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  mfa_configuration        = "OFF"
  deletion_protection      = "INACTIVE"
  user_pool_tier           = "ESSENTIALS"
  username_configuration {
    case_sensitive = false
  }
  admin_create_user_config {
    allow_admin_create_user_only = true
    invite_message_template {
      email_subject = "Your account"
      email_message = "{username}: {####}"
      sms_message   = "{username}: {####}"
    }
  }
  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }
  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = false
    temporary_password_validity_days = 7
  }
  dynamic "schema" {
    for_each = { tenantId = false, tenantTier = true, tenantName = true, userRole = true }
    content {
      name                     = schema.key
      attribute_data_type      = "String"
      mutable                  = schema.value
      required                 = false
      developer_only_attribute = false
      string_attribute_constraints {
        min_length = 1
        max_length = 64
      }
    }
  }
  tags = { TenantId = "t1" }
}

resource "aws_cognito_user_pool" "second_factor" {
  for_each          = toset(["OPTIONAL", "ON"])
  name              = "${var.name}-${each.key}"
  mfa_configuration = each.key
  software_token_mfa_configuration {
    enabled = true
  }
}

resource "aws_cognito_user_pool_client" "this" {
  name                          = "app"
  user_pool_id                  = aws_cognito_user_pool.this.id
  generate_secret               = false
  explicit_auth_flows           = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  access_token_validity         = 60
  id_token_validity             = 60
  refresh_token_validity        = 1
  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }
  read_attributes              = ["email", "email_verified", "custom:tenantId", "custom:tenantTier", "custom:userRole"]
  write_attributes             = ["email"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows          = ["code"]
  allowed_oauth_scopes         = ["openid", "email", "profile"]
  callback_urls                = ["https://app.example.com/"]
  logout_urls                  = ["https://app.example.com/out"]
  supported_identity_providers = ["COGNITO"]
}

resource "aws_cognito_user_pool_domain" "this" {
  domain       = var.name
  user_pool_id = aws_cognito_user_pool.this.id
}

resource "aws_cognito_user_group" "this" {
  name         = "t1"
  description  = "a tenant's users"
  user_pool_id = aws_cognito_user_pool.this.id
  precedence   = 10
}

resource "aws_cognito_user" "admin" {
  user_pool_id             = aws_cognito_user_pool.this.id
  username                 = "admin@example.com"
  message_action           = "SUPPRESS"
  desired_delivery_mediums = ["EMAIL"]
  attributes = {
    email          = "admin@example.com"
    email_verified = true
    tenantId       = "t1"
    tenantTier     = "basic"
    userRole       = "TenantAdmin"
  }
}

resource "aws_cognito_user_in_group" "admin" {
  user_pool_id = aws_cognito_user_pool.this.id
  group_name   = aws_cognito_user_group.this.name
  username     = aws_cognito_user.admin.username
}

resource "aws_iam_openid_connect_provider" "github" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = { TenantId = "t1" }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:owner/repo:*"]
    }
  }
}

resource "aws_iam_role" "ci" {
  name                 = "${var.name}-ci"
  description          = "plans"
  path                 = "/"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = aws_iam_policy.this.arn
  tags                 = { TenantId = "t1" }
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "Items"
    actions   = ["dynamodb:GetItem", "dynamodb:Query"]
    resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/x"]
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["$${aws:PrincipalTag/TenantId}"]
    }
  }
}

resource "aws_iam_policy" "this" {
  name   = var.name
  policy = data.aws_iam_policy_document.this.json
  tags   = { TenantId = "t1" }
}

resource "aws_iam_role_policy" "this" {
  name   = "inline"
  role   = aws_iam_role.ci.id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.ci.name
  policy_arn = aws_iam_policy.this.arn
}

resource "aws_iam_role_policy_attachment" "managed" {
  role       = aws_iam_role.ci.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}
