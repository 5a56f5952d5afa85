"""What one poll of one source saw. Immutable values; times are Unix seconds, durations seconds.

Sources make these, the collector judges them against its history, `series` turns them into samples.
"""
