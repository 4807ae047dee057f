locals {
  issuer       = "token.actions.githubusercontent.com"
  provider_arn = var.oidc_provider_arn == null ? aws_iam_openid_connect_provider.github[0].arn : var.oidc_provider_arn

  # The subject GitHub writes into a job's token: which event, branch or environment it runs for.
  # https://docs.github.com/en/actions/reference/security/oidc
  subjects = {
    plan  = "repo:${var.repository}:pull_request"
    apply = var.environment == null ? "repo:${var.repository}:ref:refs/heads/${var.branch}" : "repo:${var.repository}:environment:${var.environment}"
  }

  list_states = [{
    Sid      = "ListStates"
    Effect   = "Allow"
    Action   = ["s3:ListBucket"]
    Resource = [var.state_bucket_arn]
  }]

  read_some_states = [{
    Sid      = "ReadStates"
    Effect   = "Allow"
    Action   = ["s3:GetObject"]
    Resource = [for key in var.plan_state_keys : "${var.state_bucket_arn}/${key}"]
  }]

  read_states = [{
    Sid      = "ReadStates"
    Effect   = "Allow"
    Action   = ["s3:GetObject"]
    Resource = ["${var.state_bucket_arn}/*"]
  }]

  write_states = [{
    Sid      = "WriteStates"
    Effect   = "Allow"
    Action   = ["s3:PutObject", "s3:DeleteObject"]
    Resource = ["${var.state_bucket_arn}/*"]
  }]

  # The table holds the digest of each state beside the locks.
  read_digests = var.lock_table_arn == null ? [] : [{
    Sid      = "ReadDigests"
    Effect   = "Allow"
    Action   = ["dynamodb:GetItem"]
    Resource = [var.lock_table_arn]
  }]

  lock_states = var.lock_table_arn == null ? [] : [{
    Sid      = "LockStates"
    Effect   = "Allow"
    Action   = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
    Resource = [var.lock_table_arn]
  }]

  decrypt_states = var.state_kms_key_arn == null ? [] : [{
    Sid      = "DecryptStates"
    Effect   = "Allow"
    Action   = ["kms:Decrypt"]
    Resource = [var.state_kms_key_arn]
  }]

  encrypt_states = var.state_kms_key_arn == null ? [] : [{
    Sid      = "EncryptStates"
    Effect   = "Allow"
    Action   = ["kms:Encrypt", "kms:GenerateDataKey"]
    Resource = [var.state_kms_key_arn]
  }]

  state_policies = {
    plan = jsonencode({
      Version   = "2012-10-17"
      Statement = concat(local.list_states, local.read_some_states, local.read_digests, local.decrypt_states)
    })
    apply = jsonencode({
      Version   = "2012-10-17"
      Statement = concat(local.list_states, local.read_states, local.write_states, local.lock_states, local.decrypt_states, local.encrypt_states)
    })
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.oidc_provider_arn == null ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.tags
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  name                 = "${var.name}-ci-${each.key}"
  description          = "GitHub Actions of ${var.repository}: terraform ${each.key}"
  max_session_duration = var.max_session_seconds
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider_arn }
      Condition = {
        StringEquals = {
          "${local.issuer}:aud" = "sts.amazonaws.com"
          "${local.issuer}:sub" = each.value
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "states" {
  for_each = local.state_policies

  name   = "states"
  role   = aws_iam_role.this[each.key].name
  policy = each.value
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = var.plan_policy_arns

  role       = aws_iam_role.this["plan"].name
  policy_arn = each.value
}

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = var.apply_policy_arns

  role       = aws_iam_role.this["apply"].name
  policy_arn = each.value
}
