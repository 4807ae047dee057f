output "plan_role_arn" {
  description = "ARN of the role for pull requests."
  value       = aws_iam_role.this["plan"].arn
}

output "apply_role_arn" {
  description = "ARN of the role for the branch or environment that applies."
  value       = aws_iam_role.this["apply"].arn
}

output "oidc_provider_arn" {
  description = "ARN of the OIDC provider, created or given."
  value       = local.provider_arn
}
