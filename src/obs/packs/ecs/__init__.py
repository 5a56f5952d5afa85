"""AWS ECS services: CPU, memory, tasks wanted and running, deployments."""
