"""Where audiences are sent: each platform by its own rules, with a ledger of what it was told."""
