"""What the kernel is asked and told."""
