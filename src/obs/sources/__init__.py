"""One poll of one system into one immutable snapshot. Sources know no sinks and no history."""
