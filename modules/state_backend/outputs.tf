output "bucket_name" {
  description = "Name of the bucket, for the backend configuration."
  value       = aws_s3_bucket.state.bucket
}

output "bucket_arn" {
  description = "ARN of the bucket, for policies."
  value       = aws_s3_bucket.state.arn
}

output "lock_table_name" {
  description = "Name of the lock table, or null if there is none."
  value       = one(aws_dynamodb_table.lock[*].name)
}

output "lock_table_arn" {
  description = "ARN of the lock table, or null if there is none."
  value       = one(aws_dynamodb_table.lock[*].arn)
}
