"""AWS OpenSearch: status, storage, heap, CPU, nodes, snapshots and blocked writes."""
