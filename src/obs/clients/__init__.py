"""The one place for retry, paging, cost counting, TLS and the translation of library errors."""
