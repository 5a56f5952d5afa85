"""Unit tests for `promtool test rules`, derived from the alerts: cases, input series, files."""
