# Tables, buckets, keys, images, parameters.

variable "name" {
  type = string
}

resource "aws_kms_key" "this" {
  description             = "data"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  tags                    = { TenantId = "t1" }
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

resource "aws_dynamodb_table" "this" {
  name                        = "${var.name}-products"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "tenantId"
  range_key                   = "productId"
  deletion_protection_enabled = false
  attribute {
    name = "tenantId"
    type = "S"
  }
  attribute {
    name = "productId"
    type = "S"
  }
  attribute {
    name = "name"
    type = "S"
  }
  global_secondary_index {
    name            = "byName"
    hash_key        = "tenantId"
    range_key       = "name"
    projection_type = "ALL"
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled = true
  }
  ttl {
    enabled        = true
    attribute_name = "expires"
  }
  tags = { TenantId = "t1" }
}

resource "aws_dynamodb_table" "encrypted" {
  name             = "${var.name}-encrypted"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "LockID"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  attribute {
    name = "LockID"
    type = "S"
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.this.arn
  }
}

resource "aws_dynamodb_table_item" "this" {
  table_name = aws_dynamodb_table.this.name
  hash_key   = aws_dynamodb_table.this.hash_key
  range_key  = aws_dynamodb_table.this.range_key
  item = jsonencode({
    tenantId  = { S = "t1" }
    productId = { S = "p1" }
    price     = { N = "12" }
    active    = { BOOL = true }
    labels    = { SS = ["a", "b"] }
    detail    = { M = { a = { S = "b" } } }
  })
}

resource "aws_s3_bucket" "this" {
  bucket        = "${var.name}-data"
  force_destroy = true
  tags          = { TenantId = "t1" }
}

resource "aws_s3_bucket" "logs" {
  bucket        = "${var.name}-logs"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = { data = aws_s3_bucket.this.id, logs = aws_s3_bucket.logs.id }
  bucket                  = each.value
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_logging" "this" {
  bucket        = aws_s3_bucket.this.id
  target_bucket = aws_s3_bucket.logs.id
  target_prefix = "s3/"
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id
  rule {
    id     = "old"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = 90
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id
  rule {
    id     = "expire"
    status = "Enabled"
    filter {
      prefix = "alb/"
    }
    expiration {
      days = 30
    }
    transition {
      days          = 30
      storage_class = "STANDARD_IA"
    }
  }
  transition_default_minimum_object_size = "all_storage_classes_128K"
}

data "aws_iam_policy_document" "tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.tls.json
}

resource "aws_s3_object" "this" {
  bucket  = aws_s3_bucket.logs.id
  key     = "release/manifest.json"
  content = jsonencode({ release = "1" })
}

resource "aws_ecr_repository" "this" {
  name                 = "${var.name}/products"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = true
  image_scanning_configuration {
    scan_on_push = true
  }
  encryption_configuration {
    encryption_type = "AES256"
  }
  tags = { TenantId = "t1" }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "keep 20"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 20 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_ecr_registry_scanning_configuration" "this" {
  scan_type = "BASIC"
  rule {
    scan_frequency = "SCAN_ON_PUSH"
    repository_filter {
      filter      = "*"
      filter_type = "WILDCARD"
    }
  }
}

resource "aws_ssm_parameter" "this" {
  name  = "/${var.name}/dev/platform"
  type  = "String"
  tier  = "Standard"
  value = jsonencode({ vpc_id = "x" })
  tags  = { TenantId = "t1" }
}

resource "aws_ssm_parameter" "secret" {
  name   = "/${var.name}/dev/secret"
  type   = "SecureString"
  key_id = aws_kms_key.this.arn
  value  = "hush"
}

data "aws_ssm_parameter" "this" {
  name       = aws_ssm_parameter.this.name
  depends_on = [aws_ssm_parameter.this]
}

output "log_bucket" {
  value      = aws_s3_bucket.logs.id
  depends_on = [aws_s3_bucket_public_access_block.this]
}
