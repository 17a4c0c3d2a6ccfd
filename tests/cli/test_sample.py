"""``condgan sample``: classes by name, datasets with any counts, walks, exact rows, and options that clash."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageSequence

import condgan as package
from condgan import cli
from condgan.export import options
from condgan.generation.sampling import result_labels
from condgan.runs.run import Run

NAMES = [f"Sample{number:03}" for number in range(1, 8)]


@pytest.fixture(scope="module")
def samples(tiny: dict[str, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with the classes Sample001 ... Sample007."""
    folder = tmp_path_factory.mktemp("samples")
    images = np.random.default_rng(0).integers(0, 256, (70, 8, 8), dtype=np.uint8)
    np.savez(folder / "data.npz", images=images, labels=np.arange(70) % 7, class_names=np.array(NAMES))
    return package.train(
        "cgan-lsgan", *tiny["cgan-lsgan"], "train.batch=16", "machine.threads=1", data=folder / "data.npz", epochs=1,
        run=folder / "run",
    ).folder  # fmt: skip


@pytest.fixture(scope="module")
def unconditional(digits: Path, tiny: dict[str, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "unconditional"
    return package.train("gan-mlp", *tiny["gan-mlp"], data=digits, epochs=1, run=folder).folder


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Run ``condgan sample``, which must succeed -> the lines of its stdout."""

    def run(*arguments: object) -> list[str]:
        with pytest.raises(SystemExit) as stopped:
            cli.main(["sample", *map(str, arguments)])
        shown = capsys.readouterr()
        assert (stopped.value.code, shown.err) == (0, "")
        return shown.out.splitlines()

    return run


def pixels(path: str | Path) -> npt.NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


def near(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    """Equal but for rounding: sums depend on how many rows a matrix has."""
    return one.shape == other.shape and bool(np.abs(one.astype(int) - other.astype(int)).max() <= 1)


# Names and positions


def test_a_number_is_a_name_and_never_a_position(samples: Path, run: Any, refused: Any) -> None:
    message = refused("sample", samples, "3")
    assert 'no class "3" (did you mean "Sample003"?)' in message
    assert "--index takes positions, 0 to 6" in message
    with pytest.raises(package.CondganError, match=r"Sample003.*`index`"):
        package.load(samples).sample([3])
    assert run(samples, "Sample003", "-o", "name.png")[1] == "1 image: Sample003=1"
    assert run(samples, "--index", "2", "-o", "position.png")[1] == "1 image: Sample003=1"
    assert np.array_equal(pixels("name.png"), pixels("position.png"))
    generator = package.load(samples)
    assert np.array_equal(generator.sample(index=[2, 0]), generator.sample(["Sample003", "Sample001"]))
    assert np.array_equal(generator.sample(index="2,0"), generator.sample(index=np.array([2, 0])))
    for wrong in ({}, {"conditions": "Sample001", "index": 0}, {"index": 7}):
        with pytest.raises(package.CondganError):
            generator.sample(**wrong)


def test_a_generator_of_digits_reads_text_digit_by_digit(run: Any) -> None:
    assert run("mnist", "2026") == ["result.png", "4 images: 2=2, 0=1, 6=1"]
    generator = package.load("mnist")
    assert np.array_equal(generator.sample(2026), generator.sample("2026"))
    assert np.array_equal(generator.sample([2, 0, 2, 6]), generator.sample("2026"))


def test_the_answer_names_the_classes(samples: Path, unconditional: Path, run: Any) -> None:
    each = ", ".join(f"{name}=1" for name in NAMES)
    assert run(samples, "-o", "a.png")[1] == f"7 images: {each}"
    assert run(samples, "--grid", "-o", "b.png")[1] == f"70 images: {each.replace('=1', '=10')}"
    assert run(samples, "--per-class", 2, "-o", "c.npz")[1] == f"14 images: {each.replace('=1', '=2')}"
    assert run(unconditional, "-o", "d.png")[1] == "10 images without classes"


def test_an_old_run_keeps_positions_in_its_sequence_and_nowhere_else(tmp_path: Path, refused: Any) -> None:
    old = Path(__file__).parents[1] / "runs/format-1/photos-run"
    folder = Path(shutil.copytree(old, tmp_path / "old"))
    recipe, generator = Run.open(folder).recipe, package.load(folder)
    assert recipe.output.sequence == "2,0"
    assert result_labels(recipe, generator.domain).tolist() == [2, 0]
    assert "2" in refused("sample", folder, "2,0")
    assert generator.sample(["Sample003", "Sample001"]).shape[0] == 2


# Datasets


def by_class(path: str) -> dict[str, list[bytes]]:
    """The images of each class of an exported dataset, in order."""
    if path.endswith(".npz"):
        with np.load(path) as arrays:
            names, labels, images = arrays["class_names"], arrays["labels"], arrays["images"]
        return {
            str(names[label]): [image.tobytes() for image in images[labels == label]] for label in {*labels.tolist()}
        }
    return {
        folder.name: [pixels(file).tobytes() for file in sorted(folder.iterdir())]
        for folder in Path(path).iterdir()
        if folder.is_dir()
    }


@pytest.mark.parametrize("ending", ["", ".npz"])
def test_image_n_of_a_class_is_the_same_in_every_dataset(samples: Path, run: Any, ending: str) -> None:
    a, b, c = NAMES[:3]
    assert run(samples, f"{a},{b},{a}", "--count", 3, "-o", f"ab{ending}")[1] == f"6 images: {a}=3, {b}=3"
    assert run(samples, "--index", "0", "--count", 5, "-o", f"a{ending}")[1] == f"5 images: {a}=5"
    assert run(samples, "--counts", f"{c}=1,{b}=4", "-o", f"bc{ending}")[1] == f"5 images: {b}=4, {c}=1"
    run(samples, "--per-class", 4, "-o", f"all{ending}")
    run(samples, a, "--count", 5, "--seed", 1, "-o", f"other{ending}")
    every = by_class(f"all{ending}")
    assert by_class(f"ab{ending}") == {a: every[a][:3], b: every[b][:3]}
    assert by_class(f"a{ending}")[a][:4] == every[a]
    assert by_class(f"bc{ending}") == {b: every[b], c: every[c][:1]}
    assert not set(by_class(f"other{ending}")[a]) & set(by_class(f"a{ending}")[a])
    alone = package.load(samples).sample(c, first=3 * len(NAMES) + 2)  # image 3 of class 2 has number 3 * K + 2
    assert near(np.frombuffer(every[c][3], np.uint8).reshape(1, 1, 8, 8), alone)


def test_a_dataset_is_filled_up(samples: Path, run: Any, refused: Any) -> None:
    count = {NAMES[1]: 9, NAMES[4]: 2, NAMES[0]: 6}
    labels = np.repeat(np.arange(3), list(count.values()))
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 30, 40, 3), dtype=np.uint8)
    np.savez("own.npz", images=images, labels=labels, class_names=np.array(list(count)))
    lines = run(samples, "--balance", "own.npz", "-o", "fill")
    assert lines[0] == "fill"
    assert lines[1] == "own.npz has Sample002=9, Sample005=2, Sample001=6: each class is filled up to 9"
    assert lines[2] == "10 images: Sample001=3, Sample005=7"
    assert {name: len(files) for name, files in by_class("fill").items()} == {NAMES[0]: 3, NAMES[4]: 7}
    assert "nowhere" in refused("sample", samples, "--balance", "nowhere", "-o", "x")
    assert sorted(os.listdir()) == ["fill", "own.npz"]


# Walks


def test_a_walk_is_a_gif_a_strip_or_a_folder(samples: Path, run: Any) -> None:
    a, b, c = NAMES[:3]
    stops = f"{a},{c},{b}"
    expected = package.load(samples).walk([a, c, b], frames=9, seed=5)[:, 0]
    assert run(samples, "--walk", stops, "--frames", 9, "--seed", 5, "-o", "walk.gif") == [
        "walk.gif", f"9 frames: {a} -> {c} -> {b}"
    ]  # fmt: skip
    with Image.open("walk.gif") as image:
        shown = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(image)]
        assert image.info["loop"] == 0
    assert np.array_equal(np.array(shown)[:, ::8, ::8], expected)
    run(samples, "--walk", stops, "--frames", 9, "--seed", 5, "--scale", 3, "-o", "strip.png")
    assert np.array_equal(pixels("strip.png")[::3, ::3], np.concatenate(list(expected), axis=1))
    run(samples, "--walk", stops, "--frames", 9, "--seed", 5, "--exact", "-o", "frames")
    assert sorted(os.listdir("frames")) == [f"{number:06}.png" for number in range(9)]
    assert np.array_equal([pixels(f"frames/{number:06}.png") for number in range(9)], expected)
    assert run(samples, "--walk", stops)[0] == "walk-2.gif"


@pytest.fixture(scope="module")
def commas(tiny: dict[str, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose class names contain commas, and each other."""
    folder = tmp_path_factory.mktemp("commas")
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    names = np.array(["cat", "cat, black", "cat, black, old", "dog"])
    np.savez(folder / "data.npz", images=images, labels=np.arange(40) % 4, class_names=names)
    return package.train(
        "cgan-lsgan", *tiny["cgan-lsgan"], "machine.threads=1", data=folder / "data.npz", epochs=1, run=folder / "run"
    ).folder


def test_names_with_commas_in_walks_and_rows(commas: Path, run: Any, refused: Any) -> None:
    walk = "dog,cat, black, old,cat,cat, black"
    lines = run(commas, "--walk", walk, "--frames", 7, "--seed", 5, "-o", "walk.png")
    assert lines[1] == "7 frames: dog -> cat, black, old -> cat -> cat, black"
    expected = package.load(commas).walk(["dog", "cat, black, old", "cat", "cat, black"], frames=7, seed=5)[:, 0]
    assert np.array_equal(pixels("walk.png")[::8, ::8], np.concatenate(list(expected), axis=1))
    assert run(commas, walk, "-o", "row.png")[1].startswith("4 images: dog=1, cat, black, old=1, cat=1")
    assert 'no class "black"' in refused("sample", commas, "--walk", "black,dog")


def test_equal_frames_of_a_gif_are_shown_as_long(samples: Path, run: Any) -> None:
    """Pillow writes frames that follow an equal one as one that is shown longer."""
    a, b = NAMES[:2]
    run(samples, "--walk", f"{a},{b}", "--frames", 200, "-o", "walk.gif")
    shown = package.load(samples).walk([a, b], frames=200, seed=0)[:, 0]
    with Image.open("walk.gif") as image:
        frames = [(np.asarray(frame.convert("L")), frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
    at = np.repeat(np.arange(len(frames)), [duration // 50 for _, duration in frames])
    assert all(duration % 50 == 0 for _, duration in frames)
    assert len(frames) < len(at) == 200
    assert np.array_equal([frames[number][0][::8, ::8] for number in at], shown)


def test_a_walk_between_seeds_shows_each_class_that_is_named(samples: Path, unconditional: Path, run: Any) -> None:
    a, b = NAMES[:2]
    generator = package.load(samples)
    words = run(samples, f"{b},{a}", "--walk", "seed:1,seed:2", "--frames", 4, "--exact", "-o", "two.png")[1]
    assert words == f"4 frames: seed:1 -> seed:2 of {b}, {a}"
    rows = pixels("two.png")
    assert rows.shape == (16, 32)
    for seed, frame in ((1, rows[:, :8]), (2, rows[:, -8:])):
        assert near(frame, np.concatenate(list(generator.sample([b, a], seed=seed)[:, 0])))
    run(samples, "--walk", "seed:1,seed:2", "--exact", "-o", "all.png")
    assert pixels("all.png").shape == (7 * 8, 10 * 8)  # each class, ten frames
    run(samples, "--index", 1, "--walk", "seed:1,seed:2", "--exact", "-o", "one.png")
    assert pixels("one.png").shape == (8, 80)
    assert run(unconditional, "--walk", "seed:1,seed:2", "--frames", 3)[1] == "3 frames: seed:1 -> seed:2"


# Exact rows


def test_an_exact_row_has_the_pixels_of_the_generator(samples: Path, animals: Path, run: Any, tiny: Any) -> None:
    run(samples, f"{NAMES[0]},{NAMES[3]}", "--exact", "-o", "grey.png")
    with Image.open("grey.png") as image:
        assert (image.mode, image.size) == ("L", (16, 8))
    expected = package.load(samples).sample([NAMES[0], NAMES[3]])[:, 0]
    assert np.array_equal(pixels("grey.png"), np.concatenate(list(expected), axis=1))
    package.train("cgan-lsgan", *tiny["cgan-lsgan"], "train.batch=16", data=animals, epochs=1, run="zoo")
    run("zoo", "--exact", "-o", "colour.png")
    with Image.open("colour.png") as image:
        assert (image.mode, image.size) == ("RGB", (24, 8))


# What is refused


CLASHES = [
    ("2 --index 3", "SEQUENCE and --index"),
    ("2 --grid --per-class 2", "SEQUENCE and --grid and --per-class"),
    ("2 --counts 3=1", "SEQUENCE and --counts"),
    ("--index 1 --grid", "--index and --grid"),
    ("--grid --count 3", "--grid and --count"),
    ("--grid --exact", "--grid and --exact"),
    ("--grid --walk 1,2", "--grid and --walk"),
    ("--walk 1,2 --per-class 3", "--per-class and --walk"),
    ("--walk 1,2 --count 3", "--count and --walk"),
    ("--walk 1,2 --balance x", "--balance and --walk"),
    ("--walk 1,2 --conditions x.npz", "--conditions and --walk"),
    ("2 --count 3 --counts 2=1", "SEQUENCE and --count and --counts"),
    ("--per-class 3 --balance x", "--per-class and --balance"),
    ("--per-class 3 --scale 2", "--per-class and --scale"),
    ("--exact --scale 2", "--scale and --exact"),
]


@pytest.mark.parametrize(("arguments", "named"), CLASHES)
def test_options_that_exclude_each_other(arguments: str, named: str, refused: Any) -> None:
    assert refused("sample", "mnist", *arguments.split()) == f"condgan: {named} were given: choose one\n"
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--count 3", "--count 3: of which classes? Name them in SEQUENCE"),
        ("2 --count 0", "--count 0: expected 1 to"),
        ("--frames 3", "--frames 3: goes with --walk"),
        ("3 --walk 1,2", "SEQUENCE and --walk 1,2 both name classes"),
        ("--index 3 --walk 1,2", "--walk 1,2 both name classes"),
        ("--walk 1,2 -o x.jpg", "x.jpg: a walk is a .gif"),
        ("--walk 1,2 --frames 1", "--frames 1: expected 2 to 10000"),
        ("--walk 1", "expected two or more"),
        ("--walk 1,seed:2", "expected either classes, or seeds"),
        ("--index 10", "--index 10: expected 0 to 9"),
        ("--counts 3", "--counts '3': expected as 0=500"),
        ("2 --count 3 -o x.png", "x.png: a dataset is not one picture"),
        ("--per-class 1000000000 -o x", "10000000000 images, expected at most 1000000000"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(arguments: str, message: str, refused: Any) -> None:
    assert message in refused("sample", "mnist", *arguments.split())
    assert os.listdir() == []


def test_a_generator_without_classes_refuses_them(unconditional: Path, refused: Any) -> None:
    for arguments in ("--walk a,b", "--walk 1,2", "3 --count 2", "--index 1", "--counts 3=1", "3 --walk seed:1,seed:2"):
        assert "unconditional" in refused("sample", unconditional, *arguments.split())
    assert os.listdir() == []


def test_every_option_in_the_table_exists() -> None:
    import inspect

    from condgan.export import export

    parameters = set(inspect.signature(export.to_file).parameters)
    assert parameters >= {*options.CONFLICTS, *options.DATASETS, *sum(options.CONFLICTS.values(), ())}


@pytest.mark.parametrize(
    "arguments",
    [("2", "-o", "a.png"), ("--grid", "-o", "a.png"), ("--walk", "1,2", "-o", "a.gif"), ("--walk", "1,2", "-o", "a"),
     ("--walk", "1,2", "-o", "a.png"), ("2", "--count", "2", "-o", "a"), ("--counts", "2=3", "-o", "a.npz")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_nothing_is_overwritten(arguments: tuple[str, ...], kind: str, refused: Any) -> None:
    path = Path(arguments[-1])
    {"file": path.touch, "folder": path.mkdir, "link": lambda: path.symlink_to("nowhere")}[kind]()
    assert f"{path} exists already and is not overwritten" in refused("sample", "mnist", *arguments)
    assert os.listdir() == [path.name]


def test_default_names_are_numbered(run: Any) -> None:
    assert [run("mnist", "2", "--seed", seed)[0] for seed in range(3)] == ["result.png", "result-2.png", "result-3.png"]


@pytest.mark.parametrize(
    "arguments",
    ["--walk 1,2 --frames 10000 -o out", "--walk 1,2 --frames 10000 -o out.gif", "3 --count 2000000 -o out",
     "--counts 3=2000000 -o out.npz"],
)  # fmt: skip
def test_ctrl_c_leaves_nothing(arguments: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "condgan", "sample", "mnist", *arguments.split()]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        started = time.monotonic()
        while not os.listdir() and time.monotonic() - started < (3 if "gif" in arguments else 60):
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert "Traceback" not in err
    assert os.listdir() == []
