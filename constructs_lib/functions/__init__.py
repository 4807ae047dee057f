"""Functions on Lambda: their code as one zip, their rights, and where failures are kept."""

from constructs_lib.functions.function import FunctionCode, PythonFunction
from constructs_lib.functions.package import RUNTIME, Architecture, CodePackage
from constructs_lib.functions.queue import DeadLetterQueue

__all__ = [
    "RUNTIME",
    "Architecture",
    "CodePackage",
    "DeadLetterQueue",
    "FunctionCode",
    "PythonFunction",
]
