"""Journeys of very many frames at once, in columns of numpy: the same as one by one."""
