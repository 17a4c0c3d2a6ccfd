"""A run: the folder of one experiment, its checkpoints and its log."""
