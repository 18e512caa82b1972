"""The instructor's board."""
