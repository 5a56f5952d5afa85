"""Specs of other SLO tools: theirs to ours and ours to theirs. A room for each format."""
