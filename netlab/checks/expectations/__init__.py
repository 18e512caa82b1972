"""What a step can be expected to have achieved."""
