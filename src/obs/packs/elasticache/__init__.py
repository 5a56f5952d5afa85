"""AWS ElastiCache: hit ratio, evictions, connections, engine CPU, memory, replication lag, swap."""
