"""A roomful: JupyterHub with a lab for each learner, and one board for the instructor."""
