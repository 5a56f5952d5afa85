"""A NATS server, an AWS endpoint, traffic and faults on loopback. Only cli loads it."""
