"""How it is used: HTTP API, steward console, destinations and command line."""
