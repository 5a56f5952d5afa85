"""The spec of a small system."""

SPEC = "version: 1\nsystem: shop\nsources:\n  nats: {main: {monitor: [http://nats:8222]}}\n"
