"""The studio: a page in the browser, and an HTTP interface. A door like the command line: it calls the same jobs."""

from condgan.studio.serving import serve

__all__ = ["serve"]
