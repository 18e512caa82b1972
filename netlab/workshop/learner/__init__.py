"""A learner's side of a workshop: their world, their server, and what reports to the board."""
