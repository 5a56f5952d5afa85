"""Each module writes tuned alerts for one target. Conditions are read, never changed."""
