"""The emulator as a process: started, served, its state kept."""
