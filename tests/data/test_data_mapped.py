"""A dataset in mapped files is the dataset that was read."""

from pathlib import Path

import numpy as np
import pytest

from condgan import data as datasets
from condgan.data import mapped
from condgan.errors import CondganError
from condgan.recipe import Data


@pytest.mark.parametrize("source", ["digits", "animals"])
def test_it_is_the_same_dataset(source: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    path = request.getfixturevalue(source)
    data = Data(source=str(path), size=8)
    whole = datasets.load(data)
    mapped.write(tmp_path / "a", whole, str(path))
    again = mapped.read(tmp_path / "a")
    assert again.sha256 == whole.sha256
    assert again.domain() == whole.domain()
    assert again.reading.keys() == whole.reading.keys()
    for name, hashes in whole.hashes.items():
        assert np.array_equal(again.hashes[name], hashes)
    assert (again.split_rule, again.notices, again.drawn) == (whole.split_rule, whole.notices, whole.drawn)
    both = again.trained_on(data.model_copy(update={"train_on": "train+validation"}))
    assert np.shares_memory(both.images, again.train.images)  # no copy
    assert not again.train.images.flags.writeable
    assert datasets.recorded(data, again, again).source == str(path)


def test_what_is_no_such_folder_is_refused(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(CondganError, match="holds no dataset"):
        mapped.read(tmp_path)
    mapped.write(tmp_path, datasets.load(Data(source=str(digits), size=8)), "x")
    content = (tmp_path / "images.npy").read_bytes()
    for damaged in (content[:100], content[:-1], b""):
        (tmp_path / "images.npy").write_bytes(damaged)
        with pytest.raises(CondganError, match="holds no dataset"):
            mapped.read(tmp_path)
