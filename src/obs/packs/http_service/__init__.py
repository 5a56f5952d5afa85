"""HTTP services: requests, errors, latency, saturation, SLOs; OpenTelemetry or other names."""
