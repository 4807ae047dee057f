"""The distributions as others meet them."""
