# Table -> function -> bus -> state machine -> build -> bus -> function -> table.

variable "name" {
  type    = string
  default = "pipeline"
}

locals {
  services = toset(["lambda", "states", "codebuild", "events"])
}

data "aws_caller_identity" "this" {}

resource "aws_dynamodb_table" "this" {
  name             = var.name
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "id"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"
  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_cloudwatch_event_bus" "this" {
  name = "${var.name}-bus"
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "account"
      Effect    = "Allow"
      Action    = "events:PutEvents"
      Resource  = aws_cloudwatch_event_bus.this.arn
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.this.account_id}:root" }
    }]
  })
}

resource "aws_cloudwatch_event_archive" "this" {
  name             = var.name
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  retention_days   = 7
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = toset(["events", "build"])
  name              = "/${var.name}/${each.key}"
  retention_in_days = 7
}

resource "aws_iam_role" "this" {
  for_each = local.services
  name     = "${var.name}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "${each.key}.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  for_each = {
    lambda = [
      ["events:PutEvents", aws_cloudwatch_event_bus.this.arn],
      ["dynamodb:PutItem", aws_dynamodb_table.this.arn],
    ]
    states = [
      ["codebuild:StartBuild", aws_codebuild_project.this.arn],
      ["codebuild:BatchGetBuilds", aws_codebuild_project.this.arn],
      ["codebuild:StopBuild", aws_codebuild_project.this.arn],
      ["events:PutEvents", aws_cloudwatch_event_bus.this.arn],
    ]
    codebuild = [
      ["logs:CreateLogStream", "${aws_cloudwatch_log_group.this["build"].arn}:*"],
      ["logs:PutLogEvents", "${aws_cloudwatch_log_group.this["build"].arn}:*"],
      ["events:PutEvents", aws_cloudwatch_event_bus.this.arn],
      ["ssm:GetParameter", aws_ssm_parameter.this.arn],
    ]
    events = [["states:StartExecution", aws_sfn_state_machine.this.arn]]
  }
  role = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for pair in each.value : { Effect = "Allow", Action = pair[0], Resource = pair[1] }]
  })
}

resource "aws_ssm_parameter" "this" {
  name  = "/${var.name}/greeting"
  type  = "String"
  value = "hello"
}

resource "aws_codebuild_project" "this" {
  name           = "${var.name}-provisioner"
  service_role   = aws_iam_role.this["codebuild"].arn
  build_timeout  = 30
  queued_timeout = 60
  artifacts {
    type = "NO_ARTIFACTS"
  }
  environment {
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = "aws/codebuild/standard:7.0"
    type         = "LINUX_CONTAINER"
    environment_variable {
      name  = "GREETING"
      type  = "PARAMETER_STORE"
      value = aws_ssm_parameter.this.name
    }
    environment_variable {
      name  = "BUS"
      value = aws_cloudwatch_event_bus.this.name
    }
  }
  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.this["build"].name
    }
  }
  source {
    type = "NO_SOURCE"
    buildspec = yamlencode({
      version = "0.2"
      env     = { exported-variables = ["WHO"] }
      phases = {
        install = { commands = ["WHO=$(python -c 'import json,os; print(json.loads(os.environ[\"OPERATION\"])[\"id\"])')", "export WHO"] }
        build   = { commands = ["echo $GREETING $WHO", "test $WHO != bad", file("${path.module}/put_event.sh")] }
      }
    })
  }
}

resource "aws_sfn_state_machine" "this" {
  name     = "${var.name}-operation"
  role_arn = aws_iam_role.this["states"].arn
  definition = jsonencode({
    StartAt = "Build"
    States = {
      Build = {
        Type           = "Task"
        Resource       = "arn:aws:states:::codebuild:startBuild.sync"
        TimeoutSeconds = 60
        Parameters = {
          ProjectName = aws_codebuild_project.this.name
          EnvironmentVariablesOverride = [{
            Name      = "OPERATION"
            Type      = "PLAINTEXT"
            "Value.$" = "States.JsonToString($.detail)"
          }]
        }
        Catch = [{ ErrorEquals = ["States.ALL"], ResultPath = "$.error", Next = "Failed" }]
        End   = true
      }
      Failed = {
        Type     = "Task"
        Resource = "arn:aws:states:::events:putEvents"
        Parameters = {
          Entries = [{
            EventBusName = aws_cloudwatch_event_bus.this.name
            Source       = "application"
            DetailType   = "failed"
            Detail       = { "id.$" = "$.detail.id", "cause.$" = "$.error.Cause" }
          }]
        }
        End = true
      }
    }
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each       = { request = ["control"], done = ["application"], refused = ["refused"] }
  name           = "${var.name}-${each.key}"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = jsonencode({ source = each.value })
}

resource "aws_cloudwatch_event_target" "machine" {
  rule           = aws_cloudwatch_event_rule.this["request"].name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  arn            = aws_sfn_state_machine.this.arn
  role_arn       = aws_iam_role.this["events"].arn
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 5
  }
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}

resource "aws_cloudwatch_event_target" "log" {
  rule           = aws_cloudwatch_event_rule.this["request"].name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  arn            = aws_cloudwatch_log_group.this["events"].arn
}

resource "aws_cloudwatch_event_target" "done" {
  rule           = aws_cloudwatch_event_rule.this["done"].name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  arn            = aws_lambda_function.this["done"].arn
}

# No permission for this one: its events end in the dead-letter queue.
resource "aws_cloudwatch_event_target" "refused" {
  rule           = aws_cloudwatch_event_rule.this["refused"].name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  arn            = aws_lambda_function.this["done"].arn
  retry_policy {
    maximum_event_age_in_seconds = 60
    maximum_retry_attempts       = 1
  }
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}

resource "aws_lambda_permission" "done" {
  statement_id  = "events"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["done"].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this["done"].arn
}

resource "aws_lambda_function" "this" {
  for_each         = toset(["outbox", "done", "api"])
  function_name    = "${var.name}-${each.key}"
  role             = aws_iam_role.this["lambda"].arn
  runtime          = "python3.11"
  architectures    = ["arm64"]
  handler          = "functions.${each.key}"
  filename         = "${path.module}/functions.zip"
  source_code_hash = filebase64sha256("${path.module}/functions.zip")
  timeout          = 10
  memory_size      = 256
  environment {
    variables = { TABLE = var.name, BUS = aws_cloudwatch_event_bus.this.name }
  }
  tracing_config {
    mode = "Active"
  }
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn                   = aws_dynamodb_table.this.stream_arn
  function_name                      = aws_lambda_function.this["outbox"].arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 10
  bisect_batch_on_function_error     = true
  maximum_retry_attempts             = 5
  function_response_types            = ["ReportBatchItemFailures"]
  maximum_batching_window_in_seconds = 0
}
