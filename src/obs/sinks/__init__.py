"""Where samples go: the exposition text, OTLP, CloudWatch. Sinks know no sources."""
