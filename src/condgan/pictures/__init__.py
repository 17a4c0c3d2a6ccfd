"""Images and plots from arrays: nothing here knows of runs or generators."""

__all__ = ["curves", "fonts", "images", "labelling", "metric_plots", "scatter"]
