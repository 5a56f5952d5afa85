"""The HTTP side: exposition, health, status JSON and the status page. Changes nothing."""
