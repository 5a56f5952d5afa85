"""PostgreSQL: connections, replication, deadlocks, cache and transactions, by postgres_exporter."""
