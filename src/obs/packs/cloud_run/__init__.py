"""Services on Google Cloud Run: requests, errors, latency, instances, CPU and memory."""
