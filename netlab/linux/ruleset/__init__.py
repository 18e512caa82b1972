"""Firewall rules as values of netlab.model.pack: read with the tools' own listings, checked, made again."""
