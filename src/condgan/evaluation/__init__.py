"""How good a generator is: figures beside real images."""
