"""What AWS refuses and the stock emulator does: things in use, protected, reserved, foreign.

Each patch names the page of AWS that says so.
"""
