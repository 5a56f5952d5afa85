"""Consumer lag in seconds and consumer status. Pure maths; imports nothing of obs."""
