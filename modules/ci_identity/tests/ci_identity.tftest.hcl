mock_provider "aws" {
  mock_resource "aws_iam_openid_connect_provider" {
    defaults = {
      arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    }
  }
}

variables {
  name              = "shop-dev"
  repository        = "owner/shop"
  state_bucket_arn  = "arn:aws:s3:::shop-dev-tfstate"
  lock_table_arn    = "arn:aws:dynamodb:eu-central-1:123456789012:table/shop-dev-tflock"
  apply_policy_arns = { stacks = "arn:aws:iam::123456789012:policy/stacks" }
  plan_policy_arns  = { settings = "arn:aws:iam::123456789012:policy/settings" }
  plan_state_keys   = ["platform.tfstate", "workspaces/routing-cell/*.tfstate"]
}

run "pins_both_roles_to_the_repository" {
  assert {
    condition     = jsondecode(aws_iam_role.this["plan"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:owner/shop:pull_request"
    error_message = "The plan role is not for pull requests of the repository."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["apply"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:owner/shop:ref:refs/heads/main"
    error_message = "The apply role is not for the main branch of the repository."
  }

  assert {
    condition = alltrue([
      for role in aws_iam_role.this :
      jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    ])
    error_message = "A token for somebody else is accepted."
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 1
    error_message = "There is no provider to trust."
  }
}

run "lets_pull_requests_change_nothing" {
  assert {
    condition     = toset(flatten(jsondecode(aws_iam_role_policy.states["plan"].policy).Statement[*].Action)) == toset(["s3:ListBucket", "s3:GetObject", "dynamodb:GetItem"])
    error_message = "A pull request can change a state or its lock."
  }

  assert {
    condition     = values(aws_iam_role_policy_attachment.plan)[*].policy_arn == ["arn:aws:iam::123456789012:policy/settings"]
    error_message = "The plan role has other rights than those given."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.states["plan"].policy).Statement[1].Resource == [
      "arn:aws:s3:::shop-dev-tfstate/platform.tfstate",
      "arn:aws:s3:::shop-dev-tfstate/workspaces/routing-cell/*.tfstate",
    ]
    error_message = "A pull request can read states that it does not plan."
  }
}

run "lets_apply_write_and_lock_these_states_only" {
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.states["apply"].policy).Statement : alltrue([
        for resource in statement.Resource :
        startswith(resource, var.state_bucket_arn) || resource == var.lock_table_arn
      ])
    ])
    error_message = "The apply role reaches other buckets or tables."
  }

  assert {
    condition     = !anytrue([for action in flatten(jsondecode(aws_iam_role_policy.states["apply"].policy).Statement[*].Action) : endswith(action, "*")])
    error_message = "An action is a wildcard."
  }

  assert {
    condition     = contains(flatten(jsondecode(aws_iam_role_policy.states["apply"].policy).Statement[*].Action), "dynamodb:PutItem")
    error_message = "The apply role cannot lock."
  }
}

run "goes_by_the_environment_where_there_is_one" {
  variables {
    environment       = "production"
    state_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    lock_table_arn    = null
  }

  assert {
    condition     = jsondecode(aws_iam_role.this["apply"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:owner/shop:environment:production"
    error_message = "The apply role does not go by the environment."
  }

  assert {
    condition     = contains(flatten(jsondecode(aws_iam_role_policy.states["plan"].policy).Statement[*].Action), "kms:Decrypt") && !contains(flatten(jsondecode(aws_iam_role_policy.states["plan"].policy).Statement[*].Action), "kms:Encrypt")
    error_message = "The plan role cannot read encrypted states, or can write them."
  }

  assert {
    condition     = !contains(flatten(jsondecode(aws_iam_role_policy.states["apply"].policy).Statement[*].Action), "dynamodb:PutItem")
    error_message = "There is no lock table to write to."
  }
}

run "takes_the_provider_that_exists" {
  variables {
    oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && output.oidc_provider_arn == var.oidc_provider_arn
    error_message = "A second provider would be created."
  }
}

run "refuses_every_repository" {
  command = plan

  variables {
    repository = "owner/*"
  }

  expect_failures = [var.repository]
}

run "refuses_every_branch" {
  command = plan

  variables {
    branch = "*"
  }

  expect_failures = [var.branch]
}

run "refuses_another_identity_provider" {
  command = plan

  variables {
    oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/example.com"
  }

  expect_failures = [var.oidc_provider_arn]
}

run "refuses_administrators" {
  command = plan

  variables {
    apply_policy_arns = { all = "arn:aws:iam::aws:policy/AdministratorAccess" }
  }

  expect_failures = [var.apply_policy_arns]
}

run "refuses_to_let_pull_requests_read_everything" {
  command = plan

  variables {
    plan_policy_arns = { read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess" }
    plan_state_keys  = ["*"]
  }

  expect_failures = [var.plan_policy_arns, var.plan_state_keys]
}
