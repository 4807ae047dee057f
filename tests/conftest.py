"""What every test run needs before its first test is imported."""

# Before anything starts jsii's Node process: it prepares the lazy import of the AWS bindings.
import constructs_lib  # noqa: F401
