"""Sinks send samples: the exposition text, OTLP, CloudWatch. They know no sources."""
