"""Redis and Valkey: hit ratio, memory, evictions, clients and replication, by redis_exporter."""
