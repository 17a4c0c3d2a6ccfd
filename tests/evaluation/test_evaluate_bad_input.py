"""What ``condgan evaluate`` cannot measure is refused in one line; what it can do without, it does without."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import condgan as package
from condgan import cli
from condgan.data import load as load_data
from condgan.evaluation import features
from condgan.recipe import Data
from condgan.storage import cache, weights
from conftest import random_images, strict

QUICKLY = ("--json", "--no-gan-train")
Measured = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def quick_features() -> Any:
    """A feature network of two steps: here it only has to be there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "STEPS", 2)
        yield


@pytest.fixture(scope="module")
def generator_path(digits: Path, tiny: dict[str, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generator of a run of one epoch; the network for its data is in the cache."""
    options = (*tiny["cgan-lsgan"], "machine.threads=1")
    folder = tmp_path_factory.mktemp("runs") / "trained"
    features.of(load_data(Data(source=str(digits), size=8)))
    return package.train("cgan-lsgan", *options, data=digits, epochs=1, run=folder).generator_file


@pytest.fixture
def run(generator_path: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(generator_path.parent, tmp_path / "run"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder, in which a refused command leaves nothing."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def real(digits: Path) -> tuple[object, ...]:
    """Options that hold labelled images against the digits."""
    return "--data", digits, "data.size=8"


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused must be refused before anything that takes time."""

    def too_early(*_: object) -> None:
        raise AssertionError("work was begun")

    for name in ("evaluation.features.of", "evaluation.subjects.Subject.take"):
        monkeypatch.setattr(f"condgan.{name}", too_early)


def measured(*arguments: object) -> Measured:
    """What ``condgan evaluate`` prints as JSON."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in ("evaluate", *arguments, *QUICKLY)])
    assert stopped.value.code == 0, err.getvalue()
    return strict(out.getvalue())


def archive(name: str, images: Any, labels: Any, **more: Any) -> Path:
    np.savez(name, images=images, labels=labels, **more)
    return Path(name)


def undefined(result: Measured) -> dict[str, str]:
    """The reason of each figure that has no value."""
    return {name: figure["note"] for name, figure in result["figures"].items() if figure["value"] is None}


def test_where_nothing_can_be_measured(refused: Any, real: tuple[object, ...], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("words")
    (tmp_path / "damaged.npz").write_bytes(b"PK\3\4 and then something else")
    (tmp_path / "damaged.safetensors").write_bytes(b"123")
    (tmp_path / "damaged run").mkdir()
    (tmp_path / "damaged run/recipe.json").write_text("{")
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.png").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    for name, said in {
        "nowhere": ["give a run, a generator file, mnist, an .npz, .npy files, ", "or a folder of class folders"],
        "nowhere.safetensors": [
            "give a run, a generator file, mnist, an .npz, .npy files, ",
            "or a folder of class folders",
        ],
        "empty": ["has no images"],
        "text.txt": ["is not a dataset"],
        "damaged.npz": ["damaged or not an .npz"],
        "damaged.safetensors": ["truncated"],
        "damaged run": ["no last checkpoint"],
        "files": ["has images without labels"],
        "pipe": ["neither a file nor a folder"],
    }.items():
        message = refused("evaluate", tmp_path / name, *real, *QUICKLY)
        for part in [name, *said]:
            assert part in message
    assert not list(Path().iterdir())


def test_a_run_that_is_damaged(refused: Any, run: Path) -> None:
    last = run / "checkpoints/last.safetensors"
    whole = last.read_bytes()
    for damaged in (whole[:-7], whole[:100], b""):
        last.write_bytes(damaged)
        assert str(last) in refused("evaluate", run, *QUICKLY)
    last.write_bytes(whole)
    (run / "recipe.json").write_text("{")
    assert "recipe.json is not JSON" in refused("evaluate", run, *QUICKLY)
    generator = run / "generator.safetensors"
    generator.write_bytes(generator.read_bytes()[:-7])
    assert str(generator) in refused("evaluate", generator, *QUICKLY)
    assert "is a checkpoint, not a generator" in refused("evaluate", last, *QUICKLY)
    assert not (run / "evaluation").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--n", 1], ["--n 1", "2 to 1000000"]),
        (["--n", 0], ["--n 0"]),
        (["--n", -5], ["--n -5"]),
        (["--n", 10**9], ["--n 1000000000"]),
        (["--n", "many"], ["--n", "integer"]),
        (["--split", "train"], ["--split train", "test or validation"]),
        (["--split", ""], ["--split", "test or validation"]),
        (["--checkpoint", "foo"], ["--checkpoint foo", "last or best"]),
        (["--seed", -1], ["--seed -1", "0 to 9223372036854775807"]),
        (["--seed", 1 << 63], ["--seed 9223372036854775808", "0 to 9223372036854775807"]),
        (["banana"], ['"banana" does not apply here', "data.size"]),
        (["data.sise=8"], ['"data.sise=8"', 'did you mean "data.size"']),
        (["data.size=abc"], ["data.size=abc", "expected 4 to 1024"]),
        (["data.size=2"], ["data.size=2"]),
        (["data.channels=2"], ["data.channels=2"]),
        (["data.fit=squeeze"], ["data.fit=squeeze"]),
        (["train.batch=3"], ['"train.batch=3" does not apply here', "data.fit"]),
        (["evaluation.images=3"], ['"evaluation.images=3" does not apply here']),
        (["size=8"], ['"size=8" does not apply here', "data.size"]),
        (["--data", "nowhere"], ["nowhere: no such path"]),
        (["--inception", "weights.pth"], ["weights.pth does not exist", "https://github.com/mseitzer/pytorch-fid/"]),
        (["--inception", "."], [". is a folder"]),
        (["--bins", 5], ["--bins", "condgan --help"]),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else None,
)
def test_wrong_options(
    arguments: list[object],
    said: list[str],
    refused: Any,
    generator_path: Path,
    real: tuple[object, ...],
    no_work: None,
) -> None:
    """Of a generator, and of a set of images."""
    given = archive("set.npz", random_images(30, 8)[:, 0], np.arange(30) % 10)
    for path, options in ((generator_path, ()), (given, () if "--data" in arguments else real)):
        message = refused("evaluate", path, *options, *arguments, *QUICKLY)
        for part in said:
            assert part in message
    assert [path.name for path in Path().iterdir()] == ["set.npz"]


def test_the_wrong_commands(refused: Any, generator_path: Path) -> None:
    assert "path" in refused("evaluate").lower()
    assert "best" in refused("evaluate", generator_path.parent, "--checkpoint", "best")
    assert "data" in refused("features").lower()
    assert "no such path" in refused("features", "nowhere")


def test_features_that_cannot_be_trained(refused: Any, digits: Path, tmp_path: Path) -> None:
    for steps in (0, -1, 10**9):
        assert f"--steps {steps}: expected 1 to" in refused("features", digits, "data.size=8", "--steps", steps)
    assert '"train.batch=3" does not apply here' in refused("features", digits, "train.batch=3")
    one = archive("one.npz", random_images(20, 8)[:, 0], np.zeros(20, np.int64))
    assert "one has one class" in refused("features", one, "data.size=8")
    (tmp_path / "file").write_text("")
    message = refused("features", digits, "data.size=8", "-o", tmp_path / "file/network.safetensors")  # at once
    assert f"cannot write {tmp_path / 'file'}" in message


# Sets of images


def test_images_that_are_not_as_they_should_be(refused: Any, real: tuple[object, ...]) -> None:
    images, labels = random_images(30, 8)[:, 0], np.arange(30) % 10
    for name, given, said in (
        ("float.npz", {"images": images * 1.7, "labels": labels}, ["pixels lie in", "save images = "]),
        ("one.npz", {"images": images[:1], "labels": labels[:1]}, ["there are 1 images", "2 are needed"]),
        ("none.npz", {"images": images[:0], "labels": labels[:0]}, ["at least one image"]),
        ("fewer.npz", {"images": images, "labels": labels[:9]}, ["30 images but 9 labels"]),
        ("unlabelled.npz", {"images": images}, ["needs arrays images and labels"]),
        ("words.npz", {"images": images, "labels": np.char.add("class ", labels.astype(str))}, ["is not in digits"]),
        ("large.npz", {"images": images, "labels": labels + 5}, ['class "10" is not in digits', "--data names"]),
        (
            "named.npz",
            {"images": images, "labels": labels % 2, "class_names": np.array(["7", "seven"])},
            ['class "seven" is not in digits', "0, 1, 2", "--data names"],
        ),
    ):
        np.savez(name, **given)
        message = refused("evaluate", name, *real, *QUICKLY)
        for part in said:
            assert part in message


def test_data_with_other_classes_than_the_generator(
    refused: Any, generator_path: Path, animals: Path, no_work: None
) -> None:
    message = refused("evaluate", generator_path, "--data", animals, *QUICKLY)
    assert 'class "0" is not in animals' in message
    assert "cat, dog, polar bear" in message


def test_real_images_that_are_too_few(generator_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two images a class all are trained on, and none is left to hold anything against."""
    few = archive("few.npz", random_images(20, 8)[:, 0], np.arange(20) % 10)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["evaluate", str(generator_path), "--data", str(few), *QUICKLY])
    shown = capsys.readouterr()
    assert (stopped.value.code, shown.out) == (2, "")
    assert shown.err.splitlines()[-1] == "condgan: few has 0 test images: at least 2 are needed"


def test_images_that_are_all_the_same(real: tuple[object, ...]) -> None:
    """What has no value says so; what has one has a finite one."""
    for value in (0, 255):
        same = archive("same.npz", np.full((40, 8, 8), value, np.uint8), np.arange(40) % 10)
        result = measured(same, *real, "--small-n")
        reasons = undefined(result)
        assert set(reasons) == {"fid_features", "intra_fid", "parzen", "different_bins", "copies", "fid"}
        assert "held-out images: false alarms of 1% need at least 100" in reasons["copies"]
        assert "all images of a set are the same" in reasons["fid_features"]
        assert "all images of a set are the same" in reasons["intra_fid"]
        assert "1000 of each class" in reasons["parzen"]
        assert "two bins" in reasons["different_bins"]  # 27 training images a class
        figures = result["figures"]
        assert figures["duplicates"]["value"] == 1
        assert figures["is_features"]["value"] == pytest.approx(1)
        assert figures["label_accuracy"]["value"] == pytest.approx(0.1)
        assert figures["fid_features"]["floor"] > 0


def test_a_class_of_which_there_are_no_images(real: tuple[object, ...]) -> None:
    labels = np.arange(60) % 10
    there = labels != 3
    result = measured(archive("without.npz", random_images(60, 8)[there, 0], labels[there]), *real, "--small-n")
    reasons = undefined(result)
    assert set(reasons) == {"intra_fid", "different_bins", "parzen", "copies", "fid"}
    for name in ("intra_fid", "different_bins"):
        assert 'class "3"' in reasons[name]
    assert result["figures"]["fid_features"]["value"] > 0
    assert result["per_class"]["3"] is None
    assert all(0 <= value <= 1 for name, value in result["per_class"].items() if name != "3")
    assert sum(result["confusion"][3]) == 0


def test_two_images(real: tuple[object, ...]) -> None:
    result = measured(archive("two.npz", random_images(2, 8)[:, 0], [0, 1]), *real)
    assert {"label_accuracy", "kid_features", "memorised"} <= result["figures"].keys() - undefined(result).keys()
    assert "more than 5 images" in undefined(result)["precision"]
    assert "at least 20" in undefined(result)["is_features"]


# Where things are written


def test_folders_that_cannot_be_written(refused: Any, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("mine")
    for folder, arguments in (
        ("file", ("-o", "file")),
        ("file/below", ("-o", "file/below")),
        (f"{run}/evaluation", ()),
    ):
        if not arguments:
            (run / "evaluation").write_text("mine")
        with pytest.raises(SystemExit) as stopped:
            cli.main(["evaluate", str(run), *arguments, *QUICKLY, "--n", "2"])
        shown = capsys.readouterr()
        assert (stopped.value.code, "Traceback" in shown.err) == (2, False)
        assert shown.err.splitlines()[-1].startswith(f"condgan: cannot write {folder}/evaluation.json: ")
    assert Path("file").read_text() == (run / "evaluation").read_text() == "mine"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator_path: Path) -> Path:
    """A cache that holds the feature network only."""
    shutil.copytree(cache.folder() / features.KIND, tmp_path / "cache" / features.KIND)
    monkeypatch.setenv(cache.PLACE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_cache_in_which_nothing_can_be_kept(generator_path: Path, place: Path) -> None:
    (place / "real").write_text("a file where the folder should be")
    result = measured(generator_path, "--n", 20)
    (place / "real").unlink()
    assert measured(generator_path, "--n", 20)["figures"] == result["figures"]
    assert len(list((place / "real").iterdir())) > 5


def test_a_cache_that_is_a_file(generator_path: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is found and nothing can be kept: the network is trained for this once, and the figures are the same."""
    result = measured(generator_path, "--n", 20)
    shutil.rmtree(place)
    place.write_text("mine")
    with pytest.raises(SystemExit) as stopped:
        cli.main(["evaluate", str(generator_path), *QUICKLY, "--n", "20"])
    shown = capsys.readouterr()
    assert stopped.value.code == 0
    assert strict(shown.out)["figures"] == result["figures"]
    assert f"{place}/features/" in shown.err
    assert "cannot be written" in shown.err
    assert place.read_text() == "mine"


def test_a_cache_full_of_garbage(generator_path: Path, place: Path) -> None:
    result = measured(generator_path, "--n", 20)
    for number, path in enumerate(sorted((place / "real").iterdir())):
        match number % 4:
            case 0:
                path.write_bytes(path.read_bytes()[:-3])
            case 1:
                path.write_bytes(b"")
            case 2:
                weights.save(path, "real" if number % 8 == 2 else "generator", {}, {"x": np.zeros(3, np.float32)})
            case 3:
                path.unlink()
                path.mkdir()
    (place / "real/readme.txt").write_text("words")
    for path in (place / features.KIND).iterdir():
        path.write_bytes(b"words")
    assert measured(generator_path, "--n", 20)["figures"] == result["figures"]


def test_a_network_of_other_data_in_the_cache(generator_path: Path, place: Path, digits: Path) -> None:
    result = measured(generator_path, "--n", 20)
    path = cache.path(features.KIND, result["protocol"]["data"]["sha256"])
    facts, arrays = weights.load(path, features.KIND)
    for change in ({"data_sha256": "0" * 64}, {"steps": None}, {"accuracy": {"test": "high"}}, {"data": 7}):
        weights.save(path, features.KIND, facts | change, arrays)
        assert measured(generator_path, "--n", 20)["figures"] == result["figures"]


# From outside


def started(*arguments: object, **options: Any) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "condgan", "evaluate", *map(str, arguments)]
    return subprocess.Popen(words, **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options))


def ignore_interrupt() -> None:
    """A shell starts what runs in the background deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c(generator_path: Path) -> None:
    """While it measures; GAN-train would take minutes."""
    with started(generator_path, "--n", 200, preexec_fn=ignore_interrupt) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("label_accuracy")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err


def test_a_closed_pipe(generator_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with started(generator_path, *QUICKLY, "--n", 2, stdout=writer) as process:
        os.close(writer)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert [line.partition(":")[0] for line in err.splitlines()][-1] == "copies", err


def test_a_path_that_is_no_text(real: tuple[object, ...], digits: Path, tmp_path: Path) -> None:
    """Linux allows any bytes in a name; JSON and terminals do not."""
    path = tmp_path / os.fsdecode(b"n\xff.npz")
    try:
        shutil.copy(digits, path)
    except OSError:
        pytest.skip("this file system takes no such name")
    result = measured(path, *real, "-o", "here")
    assert result["protocol"]["subject"]["path"].endswith("n?.npz")
    assert strict(Path("here/evaluation.json").read_text(encoding="utf-8"))["figures"] == result["figures"]
