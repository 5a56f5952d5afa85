"""Resilience: circuit breakers, retries, rate limits and dead-letter queues of applications."""
