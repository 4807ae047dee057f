# Logs, alarms, notifications.

variable "name" {
  type = string
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/app"
  retention_in_days = 30
  log_group_class   = "STANDARD"
  tags              = { TenantId = "t1" }
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = "{ $.level = \"ERROR\" }"
  metric_transformation {
    name          = "Errors"
    namespace     = var.name
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_log_metric_filter" "failures" {
  name           = "${var.name}-failures"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = "{ ($.errorType = \"*\" && $.errorType != \"Unauthorized\") || $.record.status = \"timeout\" }"
  metric_transformation {
    name      = "${var.name}-failures"
    namespace = "FunctionFailures"
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "silence" {
  alarm_name          = "${var.name}-silence"
  comparison_operator = "GreaterThanThreshold"
  namespace           = "FunctionFailures"
  metric_name         = "${var.name}-failures"
  dimensions          = {}
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 300
  treat_missing_data  = "breaching"
}

resource "aws_schemas_registry" "events" {
  name        = "${var.name}-events"
  description = "Events"
  tags        = { TenantId = "t1" }
}

resource "aws_schemas_schema" "event" {
  name          = "sbt.control.plane@sbt_aws_onboardingRequest"
  registry_name = aws_schemas_registry.events.name
  type          = "JSONSchemaDraft4"
  content = jsonencode({
    "$schema" = "http://json-schema.org/draft-04/schema#"
    type      = "object"
  })
}

resource "aws_sns_topic" "alarms" {
  name              = var.name
  kms_master_key_id = "alias/aws/sns"
  tags              = { TenantId = "t1" }
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = "ops@example.com"
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.alarms.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alarms.arn
      Principal = { Service = "cloudwatch.amazonaws.com" }
    }]
  })
}

resource "aws_cloudwatch_metric_alarm" "simple" {
  alarm_name          = "${var.name}-5xx"
  alarm_description   = "Errors of the load balancer"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HTTPCode_Target_5XX_Count"
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  threshold           = 10
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  dimensions          = { LoadBalancer = "app/x/1" }
  tags                = { TenantId = "t1" }
}

resource "aws_cloudwatch_metric_alarm" "math" {
  alarm_name          = "${var.name}-rate"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 2
  threshold           = 0.05
  treat_missing_data  = "ignore"
  metric_query {
    id          = "rate"
    expression  = "errors / requests"
    label       = "Error rate"
    return_data = true
  }
  metric_query {
    id = "errors"
    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "HTTPCode_Target_5XX_Count"
      period      = 60
      stat        = "Sum"
      dimensions  = { LoadBalancer = "app/x/1" }
    }
  }
  metric_query {
    id = "requests"
    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "RequestCount"
      period      = 60
      stat        = "Sum"
      dimensions  = { LoadBalancer = "app/x/1" }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "percentile" {
  alarm_name          = "${var.name}-p99"
  comparison_operator = "GreaterThanThreshold"
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  extended_statistic  = "p99"
  period              = 60
  evaluation_periods  = 3
  threshold           = 2
}
