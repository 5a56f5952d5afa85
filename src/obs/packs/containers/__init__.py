"""Containers: CPU throttling, memory limits, restarts and kills, by cAdvisor's names."""
