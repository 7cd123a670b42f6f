"""How it moves: the one engine (read, resolve, write), Kafka, files, intake, outbox, dead letters."""
