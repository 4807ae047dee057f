"""What runs in the application plane of `examples/control_plane.py`."""
