"""Alerts: what they are about and when they fire; writers give them a target's form."""
