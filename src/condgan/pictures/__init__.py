"""Images and plots from arrays: nothing here knows of runs or generators."""
