"""One file for each form that datasets come in."""
