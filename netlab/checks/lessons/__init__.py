"""What each step of each lesson must have achieved."""
