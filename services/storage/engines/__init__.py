"""The storage engines: each module or folder here is one, and its name is the engine's."""
