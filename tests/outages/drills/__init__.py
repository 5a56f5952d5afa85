"""The drills, a module for each thing that fails."""
