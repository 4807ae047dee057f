"""Ratios that the design promises, each measured side by side in one run.

`python -m benchmarks` runs all of them and exits 1 if one misses its target;
`python -m benchmarks synthesis` runs one. Absolute seconds depend on the machine;
the ratios are what is promised.
"""
