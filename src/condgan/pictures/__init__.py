"""Images and plots from arrays: nothing here knows of runs or generators."""

__all__ = ["curves", "images", "metric_plots", "scatter"]
