"""A local system for the demo and drills: NATS, AWS, traffic and faults. Only cli loads it."""
