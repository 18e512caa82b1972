"""The lessons: their content, how they begin, variants, progress, translation, and building notebooks."""
