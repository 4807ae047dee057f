"""What a container image holds, derived: the code that its entry imports, and the distributions.

Runs inside image builds, where nothing is installed yet: the standard library alone.
"""
