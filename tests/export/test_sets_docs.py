"""Every block of docs/datasets.md runs, on sets that its own commands make, with fewer images."""

import re
import shlex
from pathlib import Path

import pytest

from condgan import cli

TEXT = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    condgan (sample mnist .*)$", TEXT, re.MULTILINE)
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
NEEDS = {"datasets", "keras", "mnist", "sklearn", "torch", "webdataset"}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in COMMANDS:
            with pytest.raises(SystemExit) as stopped:
                cli.main(shlex.split(command.replace("--per-class 1000", "--per-class 20")))
            assert stopped.value.code == 0, command
    return folder


@pytest.fixture(autouse=True)
def there(sets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sets)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    block = BLOCKS[number]
    for package in re.findall(r"^(?:import|from) (\w+)", block, re.MULTILINE):
        if package in NEEDS:
            pytest.importorskip(package)
    names: dict[str, object] = {}
    exec(compile(block, f"block {number}", "exec"), names)
    shown = capsys.readouterr().out
    if "sklearn" in block:
        assert shown == "['0' '1' '2' '3' '4' '5' '6' '7' '8' '9']\n"
    if "torch.utils" in block:
        assert (names["x"].shape, names["y"].shape) == ((64, 1, 28, 28), (64,))  # type: ignore[attr-defined]
    if "features" in block:
        assert "ClassLabel(names=['0', '1'" in shown
        assert names["label"] == 0
    if "column_names" in block:
        assert shown.splitlines()[0] == "./digits-parquet ['image', 'label']"
        assert shown.splitlines()[2] == "./digits-table ['image', 'label']"
    if "webdataset" in block and "shards" in block:
        assert (names["image"].shape, names["label"], names["named"]) == ((28, 28), 0, {"label": "0"})  # type: ignore[attr-defined]
    if "MNIST" in block:
        assert list(names["labels"])[:12] == [*range(10), 0, 1]  # type: ignore[call-overload]


def test_every_format_is_in_the_table() -> None:
    from condgan.data.writers import WRITERS

    rows = re.findall(r"^\| `(\w+)`[^|]*\|", TEXT, re.MULTILINE)
    assert rows == [row.name for row in WRITERS]
    assert len(COMMANDS) == len(WRITERS) + 1
    assert len(BLOCKS) >= 7
