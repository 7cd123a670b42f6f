"""What issue and documents promise of speed and memory, measured: `python -m tests.bench`."""
