"""The spec: typed models, loading with line numbers, and reports of what is wrong."""
