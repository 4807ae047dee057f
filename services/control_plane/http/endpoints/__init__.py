"""The HTTP routes, one module for each kind of thing they are about; `routing` loads them all."""
