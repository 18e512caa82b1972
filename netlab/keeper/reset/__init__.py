"""Putting the base lab back."""
