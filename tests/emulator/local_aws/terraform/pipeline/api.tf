# An HTTP API whose routes need scopes of a user pool.

resource "aws_cognito_user_pool" "this" {
  name = var.name
}

resource "aws_cognito_resource_server" "this" {
  identifier   = "tenant"
  name         = "tenant"
  user_pool_id = aws_cognito_user_pool.this.id
  scope {
    scope_name        = "tenant_read"
    scope_description = "read"
  }
  scope {
    scope_name        = "tenant_write"
    scope_description = "write"
  }
}

resource "aws_cognito_user_pool_domain" "this" {
  domain       = "${var.name}-admins"
  user_pool_id = aws_cognito_user_pool.this.id
}

resource "aws_cognito_user_pool_client" "machine" {
  for_each                             = toset(["tenant_read", "tenant_write"])
  name                                 = each.key
  user_pool_id                         = aws_cognito_user_pool.this.id
  generate_secret                      = true
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_scopes                 = ["${aws_cognito_resource_server.this.identifier}/${each.key}"]
}

resource "aws_cognito_user_pool_client" "people" {
  name                                 = "people"
  user_pool_id                         = aws_cognito_user_pool.this.id
  generate_secret                      = false
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_flows                  = ["code"]
  allowed_oauth_scopes                 = ["openid", "email", "tenant/tenant_read"]
  callback_urls                        = ["https://example.com/callback"]
  supported_identity_providers         = ["COGNITO"]
  prevent_user_existence_errors        = "ENABLED"
  enable_token_revocation              = true
  explicit_auth_flows                  = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  depends_on                           = [aws_cognito_resource_server.this]
}

resource "aws_apigatewayv2_api" "this" {
  name          = "${var.name}-control-plane"
  protocol_type = "HTTP"
  cors_configuration {
    allow_headers = ["authorization", "content-type"]
    allow_methods = ["GET", "POST"]
    allow_origins = ["https://example.com"]
    max_age       = 300
  }
}

resource "aws_apigatewayv2_authorizer" "this" {
  api_id           = aws_apigatewayv2_api.this.id
  name             = "admins"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  jwt_configuration {
    issuer   = "https://${aws_cognito_user_pool.this.endpoint}"
    audience = [for client in aws_cognito_user_pool_client.machine : client.id]
  }
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.this["api"].invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 10000
}

resource "aws_apigatewayv2_route" "scoped" {
  for_each             = { "GET /tenants" = "tenant/tenant_read", "POST /tenants" = "tenant/tenant_write" }
  api_id               = aws_apigatewayv2_api.this.id
  route_key            = each.key
  target               = "integrations/${aws_apigatewayv2_integration.this.id}"
  authorization_type   = "JWT"
  authorizer_id        = aws_apigatewayv2_authorizer.this.id
  authorization_scopes = [each.value]
}

resource "aws_apigatewayv2_route" "iam" {
  api_id             = aws_apigatewayv2_api.this.id
  route_key          = "PUT /tenants"
  target             = "integrations/${aws_apigatewayv2_integration.this.id}"
  authorization_type = "AWS_IAM"
}

resource "aws_apigatewayv2_route" "public" {
  api_id    = aws_apigatewayv2_api.this.id
  route_key = "GET /health"
  target    = "integrations/${aws_apigatewayv2_integration.this.id}"
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this["events"].arn
    format          = jsonencode({ requestId = "$context.requestId" })
  }
  default_route_settings {
    throttling_rate_limit  = 50
    throttling_burst_limit = 100
  }
  route_settings {
    route_key              = aws_apigatewayv2_route.public.route_key
    throttling_rate_limit  = 5
    throttling_burst_limit = 10
  }
}

resource "aws_lambda_permission" "api" {
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["api"].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/*"
}

output "api_id" {
  value = aws_apigatewayv2_api.this.id
}

output "pool_id" {
  value = aws_cognito_user_pool.this.id
}

output "clients" {
  value     = { for name, client in aws_cognito_user_pool_client.machine : name => [client.id, client.client_secret] }
  sensitive = true
}
