"""Checks of NATS clusters."""
