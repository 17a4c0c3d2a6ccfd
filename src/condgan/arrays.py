"""Types and limits of the arrays that the parts of condgan hand to each other."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
"""(N, C, H, W); raw ones, before they are resized, (N, H, W) or (N, H, W, 3)."""
Labels = npt.NDArray[np.int64]
"""Indexes of classes, (N,)."""
Vectors = npt.NDArray[np.float32]
"""(N, D) or (N, V), finite."""
Samples = npt.NDArray[Any]
"""What a generator learns: Images, or Vectors (N, D)."""
Conditions = npt.NDArray[Any]
"""What it learns them for: Labels, or Vectors (N, V); to sample, also weights of the classes, float32 (N, K)."""
Latents = npt.NDArray[np.float32]
"""(N, dim)."""
Features = npt.NDArray[np.float32]
"""Of a feature network, (N, D)."""

Channels = Literal[1, 3]
MIN_SIZE, MAX_SIZE = 4, 1024  # height and width of an image
MAX_LENGTH = 65_536  # of a vector
MAX_CLASSES = 100_000
MAX_NAME = 200  # characters of a class name
