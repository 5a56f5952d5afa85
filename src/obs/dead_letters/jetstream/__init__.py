"""Dead letters on JetStream: of advisories that a stream captures, and of dead-letter streams."""
