"""Calls of language models: errors, latency, tokens, and spend by model against a budget."""
