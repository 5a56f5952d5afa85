"""Sinks send samples: the exposition text, OTLP, CloudWatch, remote write. They know no sources."""
