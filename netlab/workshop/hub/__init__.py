"""JupyterHub as a workshop runs it."""
