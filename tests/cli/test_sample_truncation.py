"""``condgan sample --truncation``: for pictures, recorded, drawn again, and refused where it has no meaning."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import condgan
from condgan.errors import CondganError
from condgan.export import export


def test_the_smaller_the_bound_the_more_alike_are_the_images(tmp_path: Path) -> None:
    spreads = []
    for bound in (0.01, 0.5, None):
        path = export.to_file("mnist", "3" * 12, exact=True, truncation=bound, output=tmp_path / f"{bound}.png")
        tiles = np.asarray(Image.open(path), np.float64).reshape(28, 12, 28)
        spreads.append(float(tiles.std(axis=1).mean()))
    assert spreads[0] < spreads[1] < spreads[2]


@pytest.mark.parametrize("options", [{"sequence": "37"}, {"grid": True}, {"walk": "seed:1,seed:2", "sequence": "3"}])
def test_it_is_recorded_and_drawn_again(options: dict[str, str], tmp_path: Path) -> None:
    path = export.to_file("mnist", truncation=0.7, output=tmp_path / "a.png", **options)  # type: ignore[arg-type]
    with Image.open(path) as picture:
        told = next(text for text in picture.info.values() if isinstance(text, str) and "seed" in text)
    assert json.loads(told)["sample"]["truncation"] == 0.7
    assert condgan.verify(path).verified


@pytest.mark.parametrize("options", [{"per_class": 2}, {"sequence": "33", "output": "a.npz"}, {"counts": "3=2"}])
def test_a_dataset_is_not_truncated(options: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CondganError, match="truncation"):
        export.to_file("mnist", truncation=0.7, **options)  # type: ignore[arg-type]
    assert [*tmp_path.iterdir()] == []
