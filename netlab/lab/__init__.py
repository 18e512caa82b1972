"""The lab's client, and the other end of each of the keeper's operations."""
