"""What is set of a network namespace, read into values of netlab.model.pack, and made of them again."""
