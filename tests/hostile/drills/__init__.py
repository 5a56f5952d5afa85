"""One module a kind of neighbour; each lists its `DRILLS`."""
