"""Clients: the one place for retries, paging, cost counting, TLS and translated library errors."""
