"""Terraform runs: workspace, plan, guard, apply, state and lock."""
