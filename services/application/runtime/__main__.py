"""Runs the service that the image was built for: `SERVICE=orders python -m` this package."""

import os
import runpy

runpy.run_module(f"services.application.{os.environ['SERVICE']}", alter_sys=True)
