"""Reports on objectives, for people: what was promised and reached, when budgets were spent."""
