"""Jupyter, with the notebook's kernel and the terminals in the lab host."""
