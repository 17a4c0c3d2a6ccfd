"""What sees a training without changing it: the terminal, plots, pictures, TensorBoard."""
