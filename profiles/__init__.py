"""What we know of one person, and what to do: survivorship, orders, consent, decisions, audiences; pure."""
