# API Gateway's way in: VPC link, network load balancer, application load balancer, rules.

variable "name" {
  type = string
}
variable "vpc_id" {
  type = string
}
variable "subnet_ids" {
  type = list(string)
}
variable "log_bucket" {
  type = string
}

resource "aws_security_group" "alb" {
  name        = "${var.name}-alb"
  description = "Load balancer"
  vpc_id      = var.vpc_id
}

resource "aws_security_group" "nlb" {
  name        = "${var.name}-nlb"
  description = "VPC link"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "alb" {
  security_group_id            = aws_security_group.alb.id
  referenced_security_group_id = aws_security_group.nlb.id
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
}

resource "aws_lb" "alb" {
  name                       = "${var.name}-alb"
  internal                   = true
  load_balancer_type         = "application"
  security_groups            = [aws_security_group.alb.id]
  subnets                    = var.subnet_ids
  drop_invalid_header_fields = true
  enable_deletion_protection = false
  idle_timeout               = 60
  access_logs {
    bucket  = var.log_bucket
    prefix  = "alb"
    enabled = true
  }
}

resource "aws_lb_target_group" "gateway" {
  count                = 2
  name                 = "${var.name}-gw-${count.index}"
  port                 = 8080
  protocol             = "HTTP"
  target_type          = "ip"
  vpc_id               = var.vpc_id
  deregistration_delay = 5
  slow_start           = 0
  health_check {
    path                = "/health"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
  tags = { TenantId = "t1" }
}

resource "aws_lb_listener" "alb" {
  load_balancer_arn = aws_lb.alb.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "application/json"
      status_code  = "404"
      message_body = jsonencode({ message = "no tenant is routed here" })
    }
  }
}

resource "aws_lb_listener_rule" "tenant" {
  count        = 2
  listener_arn = aws_lb_listener.alb.arn
  priority     = 100 + count.index
  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.gateway[count.index].arn
  }
  condition {
    http_header {
      http_header_name = "tenantPath"
      values           = ["t${count.index}"]
    }
  }
  tags = { TenantId = "t1" }
}

resource "aws_lb_listener_rule" "weighted" {
  listener_arn = aws_lb_listener.alb.arn
  priority     = 1
  action {
    type = "forward"
    forward {
      target_group {
        arn    = aws_lb_target_group.gateway[0].arn
        weight = 1
      }
      target_group {
        arn    = aws_lb_target_group.gateway[1].arn
        weight = 3
      }
      stickiness {
        enabled  = false
        duration = 60
      }
    }
  }
  condition {
    path_pattern {
      values = ["/basic/*"]
    }
  }
}

resource "aws_lb" "nlb" {
  name                             = "${var.name}-nlb"
  internal                         = true
  load_balancer_type               = "network"
  subnets                          = var.subnet_ids
  security_groups                  = [aws_security_group.nlb.id]
  enable_cross_zone_load_balancing = true

  enforce_security_group_inbound_rules_on_private_link_traffic = "off"
}

resource "aws_lb_target_group" "alb" {
  name        = "${var.name}-to-alb"
  port        = 80
  protocol    = "TCP"
  target_type = "alb"
  vpc_id      = var.vpc_id
  health_check {
    protocol = "HTTP"
    path     = "/health"
    matcher  = "200-499"
  }
}

resource "aws_lb_target_group_attachment" "alb" {
  target_group_arn = aws_lb_target_group.alb.arn
  target_id        = aws_lb.alb.arn
  port             = 80
  depends_on       = [aws_lb_listener.alb]
}

resource "aws_lb_listener" "nlb" {
  load_balancer_arn = aws_lb.nlb.arn
  port              = 80
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.alb.arn
  }
}

resource "aws_api_gateway_vpc_link" "this" {
  name        = var.name
  description = "to the cell"
  target_arns = [aws_lb.nlb.arn]
  tags        = { Name = var.name }
}

output "target_group_arn" {
  value = aws_lb_target_group.gateway[0].arn
}

output "vpc_link_id" {
  value = aws_api_gateway_vpc_link.this.id
}
