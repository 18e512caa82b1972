"""The live view: the topology in the browser, moving while somebody types."""
