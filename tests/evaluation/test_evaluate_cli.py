"""``condgan evaluate`` and ``condgan features`` from outside: what they print, leave behind and promise."""

import json
import shutil
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

import condgan as package
from condgan import cli
from condgan.data import Dataset
from condgan.data import load as load_data
from condgan.evaluation import features
from condgan.evaluation.comparison import MEASURES, METRICS
from condgan.evaluation.reference import proportions
from condgan.evaluation.summary import number
from condgan.pictures import images
from condgan.recipe import Data
from condgan.results.figure import Figure
from condgan.runs import session
from condgan.storage import cache
from conftest import TINY_MLP, strict

SIZE = 12
SMALL = (*TINY_MLP, f"data.size={SIZE}", "machine.threads=1")
COUNTS = [40 + 6 * digit for digit in range(10)]  # images of each digit: no two classes are equally frequent
NAMES = [measure.figure("features").name for measure in MEASURES]
SHOWN = [*NAMES, "fid"]  # the standard one, which needs weights that only the user has
TRAINED = ["c2st", "gan_train", "gan_train_behind", "gan_test"]  # figures for which networks are trained
FEW = {"copies"}  # 67 test images are too few for its false alarms
NEED_LABELS = ["label_accuracy", "balanced_accuracy", "intra_fid", "different_bins", "duplicates"]
FILES = ("evaluation.json", "class-accuracy.png", "nearest.png")
QUICKLY = ("--json", "--no-gan-train")

Measured = dict[str, Any]


class Done(NamedTuple):
    """A command that has ended."""

    code: object
    out: str
    err: str


def command(*arguments: object) -> Done:
    """A command in this process."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    return Done(stopped.value.code, out.getvalue(), err.getvalue())


def measured(*arguments: object) -> Measured:
    """What ``condgan evaluate`` prints as JSON."""
    done = command("evaluate", *arguments, *QUICKLY)
    assert done.code == 0, done.err
    return strict(done.out)


def timeless(found: Measured) -> Measured:
    return found | {"protocol": {key: value for key, value in found["protocol"].items() if key != "seconds"}}


class Real(NamedTuple):
    """Digits of MNIST as a dataset of the user's, and the command that trained its feature network."""

    path: Path
    data: Dataset
    trained: Done

    @property
    def options(self) -> tuple[object, ...]:
        """That hold labelled images against it."""
        return "--data", self.path, f"data.size={SIZE}"

    @property
    def accuracy(self) -> dict[str, float]:
        """Of the network, by split."""
        accuracy: dict[str, float] = features.load(cache.path(features.KIND, self.data.sha256)).facts["accuracy"]
        return accuracy


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Real:
    mnist = load_data(Data(size=SIZE)).train
    chosen = np.concatenate([np.flatnonzero(mnist.labels == digit)[:count] for digit, count in enumerate(COUNTS)])
    path = tmp_path_factory.mktemp("real") / "numerals.npz"
    np.savez(path, images=mnist.images[np.sort(chosen), 0], labels=mnist.labels[np.sort(chosen)])
    trained = command("features", path, f"data.size={SIZE}", "--steps", 60)
    return Real(path, load_data(Data(source=str(path), size=SIZE)), trained)


@pytest.fixture(scope="module")
def run(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs whose best checkpoint is that of the first."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    trained = package.train("cgan-lsgan", *SMALL, data=real.path, epochs=1, run=folder)
    shutil.copy(trained.checkpoint("last"), trained.checkpoint("best"))
    package.resume(folder, epochs=3)
    return folder


@pytest.fixture(scope="module")
def file(run: Path) -> Path:
    """The run's generator. Unlike the run it gets no pictures, which take most of the time."""
    return run / "generator.safetensors"


@pytest.fixture(scope="module")
def held_out(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The validation images as a set that someone gives."""
    path = tmp_path_factory.mktemp("real") / "held-out.npz"
    np.savez(path, images=real.data.validation.images[:, 0], labels=real.data.validation.labels)
    return path


@pytest.fixture(scope="module")
def allowed(real: Real, held_out: Path) -> Measured:
    """Of that set, with Frechet distances."""
    return measured(held_out, *real.options, "--small-n")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


# The feature network


def test_features_trains_the_network_that_evaluate_takes(real: Real) -> None:
    code, out, err = real.trained
    assert code == 0, err
    path = cache.path(features.KIND, real.data.sha256)
    network = features.load(path)
    assert network.facts["steps"] == 60
    assert network.facts["data_sha256"] == real.data.sha256
    accuracy = network.facts["accuracy"]
    assert 0.5 < accuracy["validation"] < 1
    assert out.splitlines() == [
        f"validation accuracy: {accuracy['validation']:.2%} of 67 images that it was not trained on",
        f"test accuracy: {accuracy['test']:.2%} of 67 images that it was not trained on",
        f"{path} (SHA-256 of its weights {network.sha256})",
    ]
    assert err.splitlines()[-1] == "feature network: step 60 of 60"


def test_features_into_a_file(real: Real) -> None:
    done = command("features", real.path, f"data.size={SIZE}", "--steps", 2, "-o", "deep/network.safetensors")
    assert done.code == 0, done.err
    network = features.load(Path("deep/network.safetensors"))
    assert network.facts["steps"] == 2
    assert network.sha256 in done.out.splitlines()[-1]
    assert network.sha256 != features.load(cache.path(features.KIND, real.data.sha256)).sha256


# What is printed


def test_two_commands_at_once(real: Real, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process and this one, from a cache with nothing but the network: JSON alone on stdout, and the same figures."""
    folder = tmp_path / "cache"
    shutil.copytree(cache.folder() / features.KIND, folder / features.KIND)
    monkeypatch.setenv(cache.PLACE, str(folder))
    words = [sys.executable, "-m", "condgan", "evaluate", str(file), *QUICKLY, "--n", "300"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (folder / "real").exists() and process.poll() is None:
            time.sleep(0.01)  # it has only just begun
        here = measured(file, "--n", 300)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert len(out.splitlines()) == 1
    there = strict(out)
    assert timeless(there) == timeless(here)
    assert [line.partition(":")[0] for line in err.splitlines()] == NAMES  # how far it is; no network is trained
    kept = sorted((folder / "real").iterdir())
    assert kept
    assert all(path.suffix == ".safetensors" for path in kept)
    assert timeless(measured(file, "--n", 300)) == timeless(here)  # from what was kept
    assert sorted((folder / "real").iterdir()) == kept


def test_what_the_json_holds(real: Real, run: Path) -> None:
    found = measured(run, "--n", 300)
    assert set(found) == {"figures", "protocol", "per_class", "confusion"}
    assert list(found["figures"]) == SHOWN
    for name, figure in found["figures"].items():
        assert {"metric", "space", "value", "se", "floor"} <= set(figure) <= {*Figure.model_fields}, name
        assert all(isinstance(figure[key], float | None) for key in ("value", "se", "floor"))
        assert (figure["value"] is None) == ("note" in figure)
        assert figure["value"] is not None or figure["se"] is None
    assert {name for name, figure in found["figures"].items() if figure["value"] is None} == {
        "fid_features",
        "intra_fid",
        "fid",
        *FEW,
    }
    assert "`inception=" in found["figures"]["fid"]["note"]
    network = features.load(cache.path(features.KIND, real.data.sha256))
    protocol = found["protocol"]
    assert protocol["seconds"] > 0
    assert protocol["parzen"].keys() == {"sigma", "sigma_at_edge"}
    assert protocol["memorised"].keys() == {"median_distance_against_held_out"}
    assert {
        "subject": {
            "path": str(run),
            "kind": "generator",
            "recipe": "cgan-lsgan",
            "engine": "torch",
            "images_seen": 3 * (sum(COUNTS) - 67),
            "trained_on": "train+validation",
        },
        "data": {
            "name": "numerals",
            "sha256": real.data.sha256,
            "splits": "as the run drew them, by the hash of each image",
        },
        "split": "test",
        "n_real": 67,
        "n_generated": 300,
        "n_floor": 67,
        "n_paired": 300,
        "resize": "none",
        "seed": 0,
        "feature_network": {
            "space": "features",
            "sha256": network.sha256,
            "dim": network.dim,
            "data": "numerals",
            "steps": 60,
            "accuracy": network.facts["accuracy"],
            "text": "",
        },
        "small_n": False,
        "condgan": session.version(),
    }.items() <= protocol.items()
    confusion = np.array(found["confusion"])
    assert confusion.shape == (10, 10)
    assert list(found["per_class"]) == list("0123456789")
    assert list(found["per_class"].values()) == pytest.approx(np.diag(confusion) / confusion.sum(1))
    assert found["figures"]["label_accuracy"]["value"] == pytest.approx(np.trace(confusion) / 300)


def table_of(out: str) -> dict[str, list[str]]:
    """The words of each row of the printed table, by figure; long texts go on in the lines below."""
    rows: dict[str, list[str]] = {}
    for line in out[: out.index("\n\n")].splitlines()[1:]:
        words = line.split()
        if line.startswith(" "):
            rows[next(reversed(rows))] += words
        else:
            rows[words[0]] = words
    return rows


def test_a_table_for_people(run: Path) -> None:
    done = command("evaluate", run, "--no-gan-train", "--n", 300)
    found = strict((run / "evaluation/evaluation.json").read_text())
    assert done.out.split("\n")[0].split() == ["figure", "value", "±", "se", "real", "floor", "protocol"]
    rows = table_of(done.out)
    assert list(rows) == SHOWN
    texts = [*(measure.text for measure in MEASURES), "Frechet distance"]
    for text, (name, row) in zip(texts, rows.items(), strict=True):
        figure = found["figures"][name]
        assert row[1] in "↑↓≈"
        for shown, key in zip(row[2:5], ("value", "se", "floor"), strict=True):
            assert shown == ("-" if figure[key] is None else number(figure[key]))
        note = figure.get("note", "").replace("`small_n=True`", "--small-n").replace("`inception=", "--inception ")
        assert " ".join(row[5:]) == (f"{text} ({note.replace('`', '')})" if note else text)
    lines = done.out.splitlines()
    below = "\n".join(lines[lines.index("") + 1 :])
    network = found["protocol"]["feature_network"]
    assert f"300 images of {run} against 67 test images of numerals; seed 0; resize: none" in below
    assert "floor: 67 validation images" in below
    assert f"trained on numerals, SHA-256 {network['sha256'][:12]}" in below
    assert f"accuracy {network['accuracy']['test']:.2%} on the real test images" in below
    worst = min(found["per_class"], key=found["per_class"].get)
    assert f'least accurate: "{worst}" {found["per_class"][worst]:.2%}' in below
    assert lines[-3:] == [f"{run}/evaluation/{name}" for name in FILES]


# Doors


def test_the_same_command_gives_the_same_and_another_seed_does_not(file: Path) -> None:
    first, again = (timeless(measured(file, "--n", 100, "--seed", 7)) for _ in range(2))
    assert first == again
    other = measured(file, "--n", 100, "--seed", 8)
    assert other["protocol"]["seed"] == 8
    assert other["figures"]["kid_features"]["value"] != first["figures"]["kid_features"]["value"]
    assert [figure["floor"] for figure in other["figures"].values()] == [
        figure["floor"] for figure in first["figures"].values()
    ]


def test_a_run_and_its_generator_give_the_same_figures(run: Path) -> None:
    a, b = measured(run, "--n", 100), measured(run / "generator.safetensors", "--n", 100)
    assert b["protocol"]["subject"] == a["protocol"]["subject"] | {"path": str(run / "generator.safetensors")}
    for part in ("figures", "per_class", "confusion"):
        assert a[part] == b[part]


def test_a_dataset_of_generated_images(real: Real, run: Path) -> None:
    """As an archive and as a folder, which differ in the order of their images only."""
    assert command("sample", run, "--per-class", 12, "-o", "set.npz").code == 0
    assert command("sample", run, "--per-class", 12, "-o", "set").code == 0
    a, b = (measured(path, *real.options, "--n", 1000) for path in ("set.npz", "set"))
    for found, path in ((a, "set.npz"), (b, "set")):
        assert found["protocol"]["subject"] == {"path": path, "kind": "images", "images": 120}
        assert np.array(found["confusion"]).sum(1).tolist() == [12] * 10
    assert a["confusion"] == b["confusion"]
    for name in NAMES:
        values = [found["figures"][name]["value"] for found in (a, b)]
        if name in ("fid_features", "intra_fid", "parzen", *FEW):  # too few images
            assert values == [None, None], name
        elif name != "is_features":  # its splits depend on the order
            assert values[0] == pytest.approx(values[1], rel=1e-5), name
    assert "120 images" in a["figures"]["parzen"]["note"]
    fewer = measured("set.npz", *real.options, "--n", 67)
    assert np.array(fewer["confusion"]).sum(1).tolist() == np.bincount(real.data.test.labels).tolist()
    others = measured("set.npz", *real.options, "--n", 67, "--seed", 1)
    assert others["confusion"] != fewer["confusion"] or others["figures"] != fewer["figures"]


def test_the_best_checkpoint(run: Path) -> None:
    last, best = measured(run, "--n", 100), measured(run, "--n", 100, "--checkpoint", "best")
    seen = [found["protocol"]["subject"]["images_seen"] for found in (best, last)]
    assert seen[1] == 3 * seen[0]
    assert best["figures"]["kid_features"]["value"] != last["figures"]["kid_features"]["value"]


def test_real_images_sit_at_their_floor(real: Real, allowed: Measured) -> None:
    for name, figure in allowed["figures"].items():
        if name in ("parzen", "fid", *FEW):  # 67 images are no window; no weights
            assert figure["value"] is None
        else:
            assert figure["value"] is not None, name
            assert figure["value"] == figure["floor"], name
    assert allowed["figures"]["label_accuracy"]["value"] == pytest.approx(real.accuracy["validation"], abs=1e-6)


def test_a_generator_without_classes(real: Real, tmp_path: Path) -> None:
    folder = tmp_path / "mlp"
    package.train("gan-mlp", *SMALL, data=real.path, epochs=1, run=folder)
    done = command("evaluate", folder, "--json", "--n", 100)  # GAN-train is asked for, too
    assert done.code == 0, done.err
    found = strict(done.out)
    assert list(found["figures"]) == [*SHOWN, *TRAINED]
    for name, figure in found["figures"].items():
        undefined = name in [*NEED_LABELS, "c2st", *FEW] or name.startswith(("gan", "fid"))  # 67 real images
        assert (figure["value"] is None) == undefined, name
        if undefined and name not in FEW and not name.startswith(("c2st", "fid")):
            assert "no labels" in figure["note"]
    assert found["figures"]["label_accuracy"]["floor"] == pytest.approx(real.accuracy["validation"], abs=1e-6)
    assert found["per_class"] == {}
    assert found["confusion"] is None
    assert {path.name for path in (folder / "evaluation").iterdir()} == {"evaluation.json", "nearest.png"}


def test_images_of_another_size(real: Real, held_out: Path) -> None:
    twice = real.data.validation.images[:, 0].repeat(2, 1).repeat(2, 2)
    np.savez("twice.npz", images=twice, labels=real.data.validation.labels)
    found = measured("twice.npz", *real.options)
    assert found["protocol"]["resize"] == "images of 24x24 were resized to 12x12 (data.size)"
    np.savez("colour.npz", images=np.stack([twice] * 3, -1), labels=real.data.validation.labels)
    colour = measured("colour.npz", *real.options)
    assert "converted to grey" in colour["protocol"]["resize"]
    assert colour["figures"] == found["figures"]


def test_a_generator_of_another_size_than_the_data(real: Real, file: Path) -> None:
    """The same digits at 28 x 28 pixels."""
    mnist = load_data(Data()).test
    np.savez("large.npz", images=mnist.images[:300, 0], labels=mnist.labels[:300])
    assert command("features", "large.npz", "data.size=28", "--steps", 1).code == 0
    found = measured(file, "--data", "large.npz", "data.size=28", "--n", 20)
    assert found["protocol"]["resize"] == "12x12 grey -> 28x28 grey"
    assert found["protocol"]["data"]["name"] == "large"


def test_data_that_were_moved(real: Real, file: Path, tmp_path: Path) -> None:
    """A generator file needs nothing but the real images, wherever it and they lie."""
    gone = shutil.copy(real.path, tmp_path / "gone.npz")
    moved = package.train("cgan-lsgan", *SMALL, data=gone, epochs=1, run=tmp_path / "moved").generator_file
    gone.unlink()
    code, out, err = command("evaluate", moved, *QUICKLY)
    assert (code, out) == (2, "")
    assert "gone.npz: no such path" in err
    assert "--data names where the real images lie now" in err
    found = measured(moved, "--data", real.path, "--n", 20)
    assert found["protocol"]["data"]["sha256"] == real.data.sha256
    assert (
        measured(shutil.copy(file, "copied.safetensors"), "--n", 20)["figures"] == measured(file, "--n", 20)["figures"]
    )


# What is left


def test_what_a_run_gets(real: Real, run: Path) -> None:
    shutil.rmtree(run / "evaluation", ignore_errors=True)
    before = {path for path in run.rglob("*") if path.is_file()}
    found = measured(run, "--n", 300)
    after = {path for path in run.rglob("*") if path.is_file()}
    places = [run / "evaluation" / name for name in FILES]
    assert after - before == set(places)
    assert strict(places[0].read_text()) == found
    for picture in places[1:]:
        with Image.open(picture) as image:
            image.load()
            assert min(image.size) > 50
    assert not list(Path().iterdir())


def test_others_get_files_only_where_they_are_asked_for(real: Real, run: Path, held_out: Path) -> None:
    before = {path for folder in (run, held_out.parent) for path in folder.rglob("*")}
    for path in (run / "generator.safetensors", held_out):
        measured(path, *real.options, "--n", 20)
    assert {path for folder in (run, held_out.parent) for path in folder.rglob("*")} == before
    assert not list(Path().iterdir())
    for path in (run / "generator.safetensors", held_out):
        folder = Path(f"deep/{path.stem}")
        found = measured(path, *real.options, "--n", 20, "-o", folder)
        assert {file.name for file in folder.iterdir()} == set(FILES)
        assert strict((folder / "evaluation.json").read_text()) == found


# Options


@pytest.mark.parametrize("count", [2, 33, 134])
def test_as_many_images_as_asked_for_in_the_real_proportions(count: int, real: Real, file: Path) -> None:
    found = measured(file, "--n", count)
    assert found["protocol"]["n_generated"] == count
    requested = np.array(found["confusion"]).sum(1)
    assert requested.tolist() == proportions(real.data.test.labels, 10, count).tolist()
    if count == 134:
        assert requested.tolist() == (2 * np.bincount(real.data.test.labels)).tolist()


def test_validation_images_for_whatever_is_chosen(real: Real, file: Path) -> None:
    test, validation = (measured(file, "--n", 100, "--split", split) for split in ("test", "validation"))
    assert (validation["protocol"]["split"], validation["protocol"]["n_real"]) == ("validation", 67)
    assert validation["protocol"]["floor"].startswith("test images")
    assert validation["confusion"] == test["confusion"]  # the same pictures
    assert validation["figures"]["kid_features"]["value"] != test["figures"]["kid_features"]["value"]
    assert "test images" in validation["figures"]["parzen"]["note"]
    assert validation["figures"]["label_accuracy"]["floor"] == pytest.approx(real.accuracy["test"], abs=1e-6)


def test_frechet_distances_of_small_sets(real: Real, held_out: Path, allowed: Measured) -> None:
    without = measured(held_out, *real.options)
    for name in ("fid_features", "intra_fid"):
        refused = without["figures"][name]
        assert (refused["value"], refused["floor"]) == (None, None)
        assert "at least 256 of each are needed for 128 features" in refused["note"]
        shown = allowed["figures"][name]
        assert "note" not in shown
        assert shown["value"] > 0
        assert shown["floor"] > 0
    assert allowed["protocol"]["small_n"] is True
    same = {name for name in NAMES if without["figures"][name] == allowed["figures"][name]}
    assert set(NAMES) - same == {"fid_features", "intra_fid"}


def test_the_published_protocol_of_a_hundred(real: Real, file: Path) -> None:
    names = ["fid_features_100_vs_100", "fid_features_100_vs_100_unsquared"]
    found = measured(file, "--n", 300, "--100-vs-100")
    assert set(found["figures"]) == {*SHOWN, *names}
    for name in names:
        figure = found["figures"][name]
        assert figure["value"] is figure["floor"] is figure["se"] is None
        assert "67 real" in figure["note"]
        assert "takes 100" in figure["note"]
    rows = table_of(command("evaluate", file, "--no-gan-train", "--n", 300, "--100-vs-100").out)
    for name in names:
        assert {"published", "biased"} <= {word.strip(",;") for word in rows[name]}
    assert "unsquared" in rows[names[1]]
    assert "unsquared" not in rows[names[0]]


def test_inception_weights_that_are_not_there(run: Path, monkeypatch: pytest.MonkeyPatch, refused: Any) -> None:
    def too_early(*_: object) -> None:
        raise AssertionError("work was begun")

    monkeypatch.setattr("condgan.evaluation.subjects.find", too_early)
    message = refused("evaluate", run, "--inception", "weights.pth", *QUICKLY)
    assert "weights.pth does not exist" in message
    assert "https://github.com/mseitzer/pytorch-fid/" in message


def test_gan_train(real: Real, held_out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two trainings of a few steps instead of five of 800."""
    from condgan.metrics import gan_train as module

    monkeypatch.setattr(module, "gan_train", partial(module.gan_train, seeds=2, steps=10))
    done = command("evaluate", held_out, *real.options, "--json")
    assert done.code == 0, done.err
    assert done.err.splitlines()[-2:] == ["GAN-train: seed 1 of 2", "GAN-train: seed 2 of 2"]
    figures = strict(done.out)["figures"]
    assert list(figures) == [*SHOWN, *TRAINED]
    train, behind, tested = (figures[name] for name in ("gan_train", "gan_train_behind", "gan_test"))
    for figure in (train, tested):
        assert 0 <= figure["value"] <= 1
        assert figure["se"] >= 0
        assert figure["floor"] == train["floor"]
    assert behind["value"] == pytest.approx(train["floor"] - train["value"])
    assert behind["floor"] == 0


def test_the_real_images_that_the_generated_ones_lack_are_shown(
    real: Real, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here said to be three; where there are none, there is no picture."""
    from condgan.metrics import gan_train as module

    lacking: list[int] = [7, 2, 11]
    train = partial(module.gan_train, seeds=1, steps=1)
    monkeypatch.setattr(module, "gan_train", lambda *args, **options: train(*args, **options)._replace(missing=lacking))
    picture = tmp_path / "shown" / "missing.png"
    done = command("evaluate", real.path, *real.options, "-o", picture.parent)
    assert done.code == 0, done.err
    assert str(picture) in done.out
    with Image.open(picture) as shown:
        assert np.array_equal(np.asarray(shown), images.grid(real.data.test.images[lacking], 3))
        assert "no network" in json.loads(shown.text["condgan"])["shows"]
    lacking.clear()  # and an earlier picture does not stay
    assert str(picture) not in command("evaluate", real.path, *real.options, "-o", picture.parent).out
    assert not picture.exists()


def test_python_saves_the_evaluation_of_a_run_as_the_command_does(run: Path, tmp_path: Path) -> None:
    options: Any = {"n": 50, "gan_train": False, "small_n": True}
    result = package.evaluate(run, **options)
    assert [path.parent for path in result.files] == [run / "evaluation"] * len(result.files)
    assert package.Evaluation.load(run / "evaluation").as_json() == strict(json.dumps(result.as_json()))
    elsewhere = package.evaluate(run, output=tmp_path / "elsewhere", **options)
    assert {path.parent for path in elsewhere.files} == {tmp_path / "elsewhere"}
    assert package.evaluate(run / "generator.safetensors", **options).files == ()


def test_every_metric_is_described() -> None:
    text = (Path(__file__).parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.text
        assert metric.better in ("higher", "lower", "near the floor")
        first, *rest = name.split("_")
        spaced = "_".join([first, "mnist", *rest]) if metric.in_space else name
        assert spaced in text or f"{first}_\\*_{'_'.join(rest)}" in text, f"docs/metrics.md does not explain {name}"
