"""What is measured: generators and sets of images, brought to the form and the classes of the real images."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from condgan import data, metrics
from condgan.arrays import Images, Labels
from condgan.data import Dataset, Split
from condgan.engines.torch.networks import Generator as Network
from condgan.errors import CondganError
from condgan.evaluation import subjects
from condgan.evaluation.subjects import Subject
from condgan.generation import generator
from condgan.generation.generator import Generator
from condgan.recipe import Data, Domain, builtin
from condgan.results.protocol import GeneratorSubject, ImagesSubject
from conftest import TINY, random_images

LETTERS = ("a", "b", "c", "d")
UNCONDITIONAL = ("generator.condition=none", "discriminator.condition=none")


def real(size: int = 8, channels: int = 1, names: tuple[str, ...] = LETTERS) -> Dataset:
    split = Split(random_images(40, size, channels), np.arange(40) % len(names))
    return Dataset("letters", names, split, split, split, "by hand")


def random_generator(size: int = 8, channels: int = 1, names: tuple[str, ...] = LETTERS, *overrides: str) -> Generator:
    """A generator that was never trained."""
    domain = Domain.model_validate(
        {"channels": channels, "size": size, "class_names": names, "data": "letters", "data_sha256": "0" * 64}
    )
    recipe = builtin.get("cgan-lsgan", (*TINY["cgan-lsgan"], f"data.size={size}", *overrides))
    state = Network(recipe.generator, recipe.latent.dim, domain).state_dict()
    return Generator(recipe, domain, 5, {name: tensor.numpy() for name, tensor in state.items()})


def counted(labels: Labels | None, classes: int = 4) -> list[int]:
    assert labels is not None
    return np.bincount(labels, minlength=classes).tolist()


# generators


def test_a_generator_generates_the_requested_counts() -> None:
    source = random_generator()
    subject = subjects.of_generator(source, real(), 7)
    images, labels = subject.take(np.array([3, 0, 2, 5]))
    assert counted(labels) == [3, 0, 2, 5]
    assert np.array_equal(images, source.sample("aaaccddddd", seed=7))
    assert subject.conditional
    assert subject.resized == ""
    assert subject.facts("x").kind == "generator"
    facts = subject.facts("x")
    assert isinstance(facts, GeneratorSubject)
    assert facts.images_seen == 5


def test_a_picture_depends_on_seed_and_number() -> None:
    source = random_generator()
    subject, counts = subjects.of_generator(source, real(), 7), np.array([2, 2, 2, 2])
    assert np.array_equal(subject.take(counts, 100)[0], source.sample("aabbccdd", seed=7, first=100))
    assert not np.array_equal(subject.take(counts, 100)[0], subject.take(counts)[0])
    other = subjects.of_generator(source, real(), 8)
    assert not np.array_equal(other.take(counts)[0], subject.take(counts)[0])


def test_classes_are_matched_by_name() -> None:
    """A generator may know them in another order, and not all of them: of those it makes none."""
    source = random_generator(8, 1, ("d", "b"))
    subject = subjects.of_generator(source, real(), 0)
    images, labels = subject.take(np.array([9, 2, 9, 3]))
    assert counted(labels) == [0, 2, 0, 3]
    assert np.array_equal(images, source.sample("dddbb"))
    assert labels is not None
    assert labels.tolist() == [3, 3, 3, 1, 1]


def test_a_class_that_the_real_images_do_not_have() -> None:
    with pytest.raises(CondganError, match=r'class "bb" is not in letters.*its classes are a, b, c, d; `data`'):
        subjects.of_generator(random_generator(8, 1, ("a", "bb")), real(), 0)


@pytest.mark.parametrize("form", [(8, 3), (12, 1), (5, 3), (16, 3)])
@pytest.mark.parametrize("expected", [(8, 1), (8, 3), (16, 1)])
def test_pictures_are_brought_to_the_form_of_the_real_images(form: tuple[int, int], expected: tuple[int, int]) -> None:
    """As Pillow resizes and converts one picture."""
    (size, channels), (wanted, colours) = form, expected
    source = random_generator(size, channels)
    subject = subjects.of_generator(source, real(wanted, colours), 0)
    images, _ = subject.take(np.array([2, 1, 1, 1]))
    assert (images.shape, images.dtype) == ((5, colours, wanted, wanted), np.uint8)
    words = {1: "grey", 3: "colour"}
    before, after = f"{size}x{size} {words[channels]}", f"{wanted}x{wanted} {words[colours]}"
    assert subject.resized == (f"{before} -> {after}" if before != after else "")
    for picture, image in zip(source.sample("aabcd"), images, strict=True):
        pillow = Image.fromarray(picture[0] if channels == 1 else picture.transpose(1, 2, 0))
        pillow = pillow.convert("L" if colours == 1 else "RGB").resize((wanted, wanted), Image.Resampling.BILINEAR)
        by_pillow = np.asarray(pillow).reshape(wanted, wanted, colours).transpose(2, 0, 1)
        assert np.abs(image.astype(int) - by_pillow).max() <= 2  # the order of converting and resizing rounds


def test_an_unconditional_generator_makes_them_all_without_labels() -> None:
    source = random_generator(8, 1, LETTERS, *UNCONDITIONAL)
    subject = subjects.of_generator(source, real(), 3)
    assert not subject.conditional
    images, labels = subject.take(np.array([3, 0, 2, 5]), 4)
    assert labels is None
    assert np.array_equal(images, source.sample_any(10, seed=3, first=4))


def test_an_unconditional_generator_of_other_classes_may_be_compared_with_any() -> None:
    images, labels = subjects.of_generator(random_generator(8, 1, ("x",), *UNCONDITIONAL), real(), 0).take(
        np.array([1, 1, 1, 1])
    )
    assert len(images) == 4
    assert labels is None


def test_none_of_what_it_knows() -> None:
    images, labels = subjects.of_generator(random_generator(8, 1, ("a",)), real(), 0).take(np.array([0, 5, 5, 5]))
    assert images.shape == (0, 1, 8, 8)
    assert counted(labels) == [0, 0, 0, 0]


# sets of images


def numbered(labels: npt.ArrayLike, names: tuple[str, ...] = LETTERS, seed: int = 0) -> tuple[Subject, Labels]:
    """A set whose images tell their number in their first two pixels, in classes of these names."""
    own = np.array(labels, np.int64)
    images = np.zeros((len(own), 1, 8, 8), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(len(own)) % 256, np.arange(len(own)) // 256
    return Subject(Split(images, own), real(), subjects.known(names, real()), seed), own


def numbers(images: Images) -> list[int]:
    return (images[:, 0, 0, 0].astype(int) + 256 * images[:, 0, 0, 1].astype(int)).tolist()


def test_a_set_is_taken_in_the_requested_counts() -> None:
    subject, own = numbered(np.random.default_rng(0).integers(0, 4, 1000))
    counts = np.array([10, 0, 30, 7])
    images, labels = subject.take(counts)
    assert counted(labels) == counts.tolist()
    chosen = numbers(images)
    assert len(set(chosen)) == 47
    assert labels is not None
    assert labels.tolist() == own[chosen].tolist()
    assert subject.conditional
    assert subject.facts("x") == ImagesSubject(path="x", images=1000)


def test_which_images_of_a_set_are_taken_is_decided_by_the_seed_alone() -> None:
    labels, counts = np.arange(1000) % 4, np.array([10, 10, 10, 10])
    chosen = numbers(numbered(labels)[0].take(counts)[0])
    assert numbers(numbered(labels)[0].take(counts)[0]) == chosen
    assert numbers(numbered(labels)[0].take(counts, first=500)[0]) == chosen
    assert numbers(numbered(labels, seed=1)[0].take(counts)[0]) != chosen
    assert max(chosen) > 900  # not the first ones: a file may be sorted
    assert min(chosen) < 100
    more = numbers(numbered(labels)[0].take(counts * 2)[0])
    assert set(chosen) < set(more)


def test_a_set_gives_what_it_has() -> None:
    subject, own = numbered([0, 0, 0, 2, 2, 1])
    images, labels = subject.take(np.array([2, 5, 5, 5]))
    assert counted(labels) == [2, 1, 2, 0]
    images, labels = subject.take(np.full(4, 100))
    assert numbers(images) == list(range(6))
    assert labels is not None
    assert labels.tolist() == own.tolist()


def test_a_set_with_its_own_order_of_classes() -> None:
    subject, own = numbered([0, 0, 0, 1, 1], ("d", "b"))
    images, labels = subject.take(np.array([9, 1, 9, 2]))
    assert counted(labels) == [0, 1, 0, 2]
    assert labels is not None
    assert [{0: 3, 1: 1}[own[number]] for number in numbers(images)] == labels.tolist()


# what lies at a path


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    """The real images: 40 of 8 x 8 of four named classes."""
    return npz(tmp_path / "letters.npz", random_images(40, 8)[:, 0], np.arange(40) % 4, LETTERS)


def npz(path: Path, images: npt.NDArray[Any], labels: npt.NDArray[Any], names: tuple[str, ...] | None = None) -> Path:
    arrays = {"images": images, "labels": labels} | ({} if names is None else {"class_names": np.array(names)})
    np.savez(path, **arrays)
    return path


def find(path: Path, real_images: Path | None, *overrides: str) -> Subject:
    return subjects.find(path, None if real_images is None else str(real_images), list(overrides), 0, "last")


def test_an_npz(tmp_path: Path, letters: Path) -> None:
    """In another form, with classes in another order: the real images set the form."""
    colourful = random_images(30, 12, 3).transpose(0, 2, 3, 1)
    given = npz(tmp_path / "made.npz", colourful, np.arange(30) % 2, ("c", "a"))
    subject = find(given, letters, "data.size=8")
    images, labels = subject.take(np.array([100, 100, 100, 100]))
    assert images.shape == (30, 1, 8, 8)
    assert counted(labels) == [15, 0, 15, 0]
    assert "12x12 were resized to 8x8" in subject.resized
    assert "converted to grey" in subject.resized
    assert subject.dataset.name == "letters"


def test_labels_without_names_are_the_names(tmp_path: Path) -> None:
    digits = npz(tmp_path / "real.npz", random_images(40, 8)[:, 0], np.arange(40) % 4)
    given = npz(tmp_path / "made.npz", random_images(10, 8)[:, 0], np.repeat([3, 1], 5))
    assert counted(find(given, digits, "data.size=8").take(np.full(4, 9))[1]) == [0, 5, 0, 5]
    given = npz(tmp_path / "others.npz", random_images(10, 8)[:, 0], np.repeat([3, 4], 5))
    with pytest.raises(CondganError, match='class "4" is not in real'):
        find(given, digits, "data.size=8")


def test_a_folder_of_class_folders_in_several_splits(tmp_path: Path, letters: Path) -> None:
    folder = tmp_path / "made"
    for split, count in (("train", 4), ("test", 3), ("validation", 2)):
        for name in ("a", "b"):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                Image.fromarray(random_images(1, 8, seed=number)[0, 0]).save(folder / split / name / f"{number}.png")
    images, labels = find(folder, letters, "data.size=8").take(np.full(4, 99))
    assert counted(labels) == [9, 9, 0, 0]
    assert images.shape == (18, 1, 8, 8)


def test_idx_files_in_two_splits(tmp_path: Path) -> None:
    folder, everything = tmp_path / "idx", []
    folder.mkdir()
    for stem, count in (("train", 12), ("t10k", 8)):
        images, labels = random_images(count, 8, seed=count)[:, 0], (np.arange(count) % 4).astype(np.uint8)
        everything.append(images)
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            (folder / f"{stem}-{name}-ubyte.gz").write_bytes(gzip.compress(head + array.tobytes()))
    digits = npz(tmp_path / "real.npz", random_images(40, 8)[:, 0], np.arange(40) % 4)
    result, labels_found = find(folder, digits, "data.size=8").take(np.full(4, 99))
    assert counted(labels_found) == [5, 5, 5, 5]
    assert np.array_equal(result[:, 0], np.concatenate(everything))


def test_a_generator_file_is_compared_with_the_data_that_it_was_trained_on(tmp_path: Path, letters: Path) -> None:
    source = random_generator(8, 1, LETTERS, f"data.source={letters}")
    path = tmp_path / "generator.safetensors"
    generator.save(path, source.recipe, source.domain, 5, source.state)
    subject = find(path, None)
    assert subject.dataset.sha256 == data.load(Data(source=str(letters), size=8)).sha256
    assert np.array_equal(subject.take(np.full(4, 2))[0], source.sample("aabbccdd"))
    assert find(path, None, "data.size=12").resized == "8x8 grey -> 12x12 grey"
    letters.rename(tmp_path / "moved.npz")
    with pytest.raises(CondganError, match=r"letters\.npz.*`data` names where the real images lie now"):
        find(path, None)
    assert find(path, tmp_path / "moved.npz").dataset.name == "moved"


@pytest.mark.parametrize("recipe", ["nothing", "empty", "text.txt", "features.safetensors", "damaged.npz"])
def test_what_is_nothing_to_measure(tmp_path: Path, letters: Path, recipe: str) -> None:
    path = tmp_path / recipe
    if recipe == "empty":
        path.mkdir()
    elif recipe == "features.safetensors":
        path.write_bytes((Path(metrics.__file__).parent / "files" / "mnist.safetensors").read_bytes())
    elif recipe != "nothing":
        path.write_text("hello")
    with pytest.raises(CondganError, match=recipe) as refused:
        find(path, letters, "data.size=8")
    assert len(str(refused.value).splitlines()) == 1


def test_overrides_are_of_the_data_only(tmp_path: Path, letters: Path) -> None:
    for wrong in ("train.epochs=3", "size=8", "data.sise=8", "data.size=3"):
        with pytest.raises(CondganError) as refused:
            find(letters, letters, wrong)
        assert len(str(refused.value).splitlines()) == 1
