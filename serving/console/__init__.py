"""The steward console: see why, decide, undo. Pages made on the server; only the graph needs a script."""
