"""AWS S3 buckets with request metrics: errors and latency of requests."""
