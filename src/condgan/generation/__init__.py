"""A trained generator, and the one sampling function."""
