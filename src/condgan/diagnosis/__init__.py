"""What goes wrong in a training, in words."""
