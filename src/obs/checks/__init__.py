"""Is the system ready for production? What its live configuration says, against the spec.

Each check reads facts through clients and judges them by a pure function; nothing here changes
anything, prints or exits.
"""
