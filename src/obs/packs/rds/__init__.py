"""AWS RDS: connections, storage, replica lag, CPU and its credits, memory and latency."""
