"""AWS application load balancers: traffic, errors, latency and health of targets."""
