"""An evaluation: figures with their protocol, written to JSON and read back."""

import json
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, TypeAdapter, ValidationError

from condgan.arrays import Images
from condgan.errors import CondganError
from condgan.results.figure import Figure
from condgan.results.protocol import Protocol

FILE = "evaluation.json"
MOST_CONFUSED = 100  # classes of a confusion matrix in JSON: one of 1000 would take 9 MB
PER_CLASS = TypeAdapter(dict[str, float | None], config=ConfigDict(strict=True, allow_inf_nan=False))


@dataclass(frozen=True)
class Evaluation:
    """What was measured, and how.

    Attributes:
        figures: by name.
        protocol: feature network and its hash, counts, split, resize, seed.
        per_class: label accuracy of each class; none where it has no images.
        confusion: (K, K) counts, row = asked, column = read; none without labels.
        nearest: generated images (N, C, H, W) and the nearest training image of each: the nearest pairs of each class.
        missing: real images (N, C, H, W) whose shapes the generated ones lack, according to GAN-train.
        files: that it was saved to.
    """

    figures: dict[str, Figure]
    protocol: Protocol
    per_class: dict[str, float | None] = field(default_factory=dict)
    confusion: npt.NDArray[np.int64] | None = None
    nearest: tuple[Images, Images] | None = None
    missing: Images | None = None
    files: tuple[Path, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For machines: figures (value, se, floor, and a note where there is one), protocol, per_class, confusion.

        The confusion of more than 100 classes is left out.
        """
        figures = {
            name: figure.model_dump(exclude=None if figure.note else {"note"}) for name, figure in self.figures.items()
        }
        confusion = self.confusion
        shown = None if confusion is None or len(confusion) > MOST_CONFUSED else confusion.tolist()
        return {
            "figures": figures,
            "protocol": self.protocol.model_dump(mode="json"),
            "per_class": self.per_class,
            "confusion": shown,
        }

    @classmethod
    def from_json(cls, values: Any) -> "Evaluation":
        """The inverse of ``as_json``; pictures are not in it.

        Raises:
            CondganError: not an evaluation, or of another version.
        """
        try:
            confusion = values["confusion"]
            return cls(
                figures={name: Figure.model_validate(figure) for name, figure in values["figures"].items()},
                protocol=Protocol.model_validate(values["protocol"]),
                per_class=PER_CLASS.validate_python(values["per_class"]),
                confusion=None if confusion is None else np.array(confusion, np.int64).reshape(2 * (len(confusion),)),
            )
        except (ValidationError, AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise CondganError(
                f"no evaluation of this version of condgan: {' '.join(str(error).split())[:200]}"
            ) from None

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "Evaluation":
        """Read ``evaluation.json``, or that in a folder: the ``evaluation/`` of a run, or what ``output`` named.

        Raises:
            CondganError: there is none, or it is damaged.
        """
        file = Path(path) / FILE if Path(path).is_dir() else Path(path)
        try:
            return cls.from_json(json.loads(file.read_bytes()))
        except OSError as error:
            raise CondganError(f"no evaluation can be read from {file}: {error.strerror or error}") from None
        except (ValueError, RecursionError) as error:
            raise CondganError(f"{file} is damaged: {error}") from None
        except CondganError as error:
            raise CondganError(f"{file}: {error}") from None
