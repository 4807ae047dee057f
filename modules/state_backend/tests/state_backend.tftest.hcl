mock_provider "aws" {
  mock_resource "aws_s3_bucket" {
    defaults = {
      arn = "arn:aws:s3:::shop-dev-tfstate"
    }
  }
}

variables {
  bucket_name     = "shop-dev-tfstate"
  lock_table_name = "shop-dev-tflock"
}

run "protects_states_by_default" {
  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "A replaced state cannot be brought back."
  }

  assert {
    condition     = !aws_s3_bucket.state.force_destroy && aws_dynamodb_table.lock[0].deletion_protection_enabled
    error_message = "States or locks can be deleted by accident."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.state.block_public_acls,
      aws_s3_bucket_public_access_block.state.block_public_policy,
      aws_s3_bucket_public_access_block.state.ignore_public_acls,
      aws_s3_bucket_public_access_block.state.restrict_public_buckets,
    ])
    error_message = "The bucket can be made public."
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.state.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "States can be read without TLS."
  }

  assert {
    condition     = one(aws_dynamodb_table.lock[0].point_in_time_recovery).enabled && aws_dynamodb_table.lock[0].hash_key == "LockID"
    error_message = "The table is not the lock table Terraform expects."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "The bucket is not encrypted."
  }

  assert {
    condition     = length(aws_s3_bucket_logging.state) == 0
    error_message = "Nobody asked for access logs."
  }
}

run "encrypts_with_the_key_it_is_given" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
    error_message = "The bucket does not use the key."
  }

  assert {
    condition     = one(aws_dynamodb_table.lock[0].server_side_encryption).kms_key_arn == var.kms_key_arn
    error_message = "The table does not use the key."
  }
}

run "creates_no_table_for_lock_files" {
  variables {
    lock_table_name = null
  }

  assert {
    condition     = length(aws_dynamodb_table.lock) == 0 && output.lock_table_name == null
    error_message = "There is a table nobody asked for."
  }
}

run "can_be_taken_down" {
  variables {
    deletion_protection = false
    access_log_bucket   = "shop-dev-logs"
  }

  assert {
    condition     = aws_s3_bucket.state.force_destroy && !aws_dynamodb_table.lock[0].deletion_protection_enabled
    error_message = "The backend cannot be taken down."
  }

  assert {
    condition     = aws_s3_bucket_logging.state[0].target_bucket == "shop-dev-logs"
    error_message = "Requests are not recorded."
  }
}

run "refuses_a_bucket_name_s3_would_refuse" {
  command = plan

  variables {
    bucket_name = "Shop_States"
  }

  expect_failures = [var.bucket_name]
}

run "refuses_an_alias_for_a_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:alias/states"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_to_forget_old_states_at_once" {
  command = plan

  variables {
    noncurrent_version_days = 1
  }

  expect_failures = [var.noncurrent_version_days]
}

run "refuses_a_table_name_dynamodb_would_refuse" {
  command = plan

  variables {
    lock_table_name = "a b"
  }

  expect_failures = [var.lock_table_name]
}
