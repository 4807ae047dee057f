# Every kind of resource the system uses now, in one apply, so that the provider's waits overlap.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
  backend "s3" {}
}

provider "aws" {
  default_tags {
    tags = { Project = "probe" }
  }
}

module "network" {
  source = "./network"
  name   = "probe"
}

module "data" {
  source = "./data"
  name   = "probe"
}

module "routing" {
  source     = "./routing"
  name       = "probe"
  vpc_id     = module.network.vpc_id
  subnet_ids = module.network.private_subnet_ids
  log_bucket = module.data.log_bucket
}

module "compute" {
  source            = "./compute"
  name              = "probe"
  subnet_ids        = module.network.private_subnet_ids
  security_group_id = module.network.security_group_id
  target_group_arn  = module.routing.target_group_arn
}

module "identity" {
  source = "./identity"
  name   = "probe"
}

module "operations" {
  source = "./operations"
  name   = "probe"
}
