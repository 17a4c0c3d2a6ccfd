"""The networks, written once over the few operations that they need of a framework (``operations.Operations``)."""
