"""Figures by what they mean: what real digits, collapsed, mislabelled, copied and random ones get."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from condgan import data
from condgan.arrays import Images, Labels
from condgan.data import Dataset, Split
from condgan.errors import UndefinedError
from condgan.evaluation import comparison, features
from condgan.evaluation import reference as references
from condgan.evaluation.comparison import MEASURES, METRICS, QUICK, TWO_SAMPLE, Comparison, Measure, floor
from condgan.evaluation.figures import attempt, cached_floor, gan_train_figures, hundred_against_hundred, measured
from condgan.evaluation.reference import Reference, first_of_each
from condgan.metrics import Estimate
from condgan.metrics.gan_train import gan_train
from condgan.recipe import Data
from condgan.results.figure import Figure
from condgan.storage import cache
from conftest import random_images

Figures = dict[str, Figure]
NAMES = [measure.figure("mnist").name for measure in MEASURES]
LABELLED = {"label_accuracy", "balanced_accuracy", "intra_fid", "different_bins", "duplicates"}
"""Figures that need labels."""
COUNT = 1500
ANY = Figure(metric="any")


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.PLACE, str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return data.load(Data())


@pytest.fixture(scope="module")
def reference(mnist: Dataset) -> Reference:
    """A part of MNIST: 3000 training, 1500 validation and 1500 test images, with the network of the whole."""

    def some(split: Split, start: int, count: int) -> Split:
        return Split(split.images[start : start + count], split.labels[start : start + count])

    part = Dataset(
        "part", mnist.class_names, some(mnist.train, 0, 3000), *(some(s, 0, COUNT) for s in held_out(mnist)), "by hand"
    )
    return Reference(part, "test", features.mnist())


def held_out(mnist: Dataset) -> tuple[Split, Split]:
    return mnist.validation, mnist.test


@pytest.fixture(scope="module")
def floor_side(reference: Reference) -> Comparison:
    return floor(reference, np.bincount(reference.other.labels, minlength=10), small_n=True)


@pytest.fixture(scope="module")
def real(mnist: Dataset, reference: Reference) -> Comparison:
    """Digits that are in neither split, as a perfect generator would make them."""
    images, labels = mnist.validation.images[COUNT : 2 * COUNT], mnist.validation.labels[COUNT : 2 * COUNT]
    window = first_of_each(mnist.train.labels, np.full(10, 1600))[-3000:]
    return Comparison(reference, images, labels, small_n=True, window=lambda: mnist.train.images[window])


@pytest.fixture(scope="module")
def of_real(real: Comparison, floor_side: Comparison) -> Figures:
    return measured(real, floor_side, MEASURES)


def of(candidate: Comparison, *names: str) -> Figures:
    """Some of the figures, without floors."""
    return measured(candidate, None, [measure for measure in MEASURES if measure.figure("mnist").name in names])


def value(output: Figures, name: str) -> float:
    figure = output[name]
    assert figure.value is not None, figure.note
    return figure.value


def se(output: Figures, name: str) -> float:
    error = output[name].se
    assert error is not None
    return error


def base(output: Figures, name: str) -> float:
    figure = output[name].floor
    assert figure is not None
    return figure


# what each kind of generator gets


def test_real_images_lie_at_the_floor(of_real: Figures) -> None:
    """Within a few standard errors, of the figure and of its floor, which is as large."""
    assert list(of_real) == NAMES
    assert all(figure.note == "" for figure in of_real.values())
    for name in (
        "label_accuracy",
        "fid_mnist",
        "swd_mnist",
        "kid_mnist",
        "is_mnist",
        "precision",
        "recall",
        "density",
        "coverage",
    ):
        assert abs(value(of_real, name) - base(of_real, name)) < 5 * math.sqrt(2) * se(of_real, name) + 1e-3, name
    assert value(of_real, "intra_fid") == pytest.approx(base(of_real, "intra_fid"), rel=0.3)
    assert 150 < value(of_real, "parzen") < 250
    assert of_real["parzen"].floor is None  # of 300 training images a class
    assert value(of_real, "label_accuracy") > 0.98
    assert value(of_real, "precision") > 0.8
    assert value(of_real, "recall") > 0.8
    assert value(of_real, "coverage") > 0.8
    assert value(of_real, "different_bins") == pytest.approx(base(of_real, "different_bins"), abs=0.25)
    assert value(of_real, "duplicates") < 0.05  # of 150 images of a class one or two by chance
    assert value(of_real, "memorised") < 0.04
    assert value(of_real, "copies") < 0.04


def test_a_collapsed_generator_is_precise_and_correct_but_recalls_little(real: Comparison, of_real: Figures) -> None:
    """One digit for each class, with noise that nobody sees."""
    labels = real.labels
    first = first_of_each(real.reference.real.labels, np.ones(10, np.int64))
    by_class = real.reference.real.images[first[np.argsort(real.reference.real.labels[first])]]
    noise = np.random.default_rng(0).integers(0, 3, (COUNT, 1, 28, 28), dtype=np.uint8)
    images = np.minimum(by_class[labels], 253) + noise
    output = measured(Comparison(real.reference, images, labels, small_n=True), None, MEASURES)
    assert value(output, "precision") > 0.9
    assert value(output, "label_accuracy") > 0.95
    assert value(output, "is_mnist") > 0.9 * value(of_real, "is_mnist")  # which sees no collapse within a class
    assert value(output, "recall") < 0.05
    assert value(output, "coverage") < 0.2
    assert value(output, "duplicates") > 0.95
    assert value(output, "different_bins") > 0.5
    assert value(output, "memorised") < 0.3  # the repeated digits are not of the training images
    assert value(output, "copies") < 0.3
    assert value(output, "swd_mnist") > 3 * value(of_real, "swd_mnist")
    for name in ("fid_mnist", "kid_mnist", "intra_fid"):
        assert value(output, name) > 5 * value(of_real, name), name


def test_shuffled_labels_are_seen_by_what_looks_at_labels_and_by_nothing_else(
    real: Comparison, of_real: Figures
) -> None:
    shuffled = np.random.default_rng(0).permutation(real.labels)
    output = measured(replace(real, requested=shuffled, embedded=real.embedding), None, MEASURES)
    for name in NAMES:
        if name not in LABELLED:
            assert output[name] == of_real[name].model_copy(update={"floor": None}), name
    assert value(output, "label_accuracy") < 0.2
    assert value(output, "intra_fid") > 5 * value(of_real, "intra_fid")
    assert value(output, "different_bins") > value(of_real, "different_bins")


def test_noise_is_bad_at_everything(real: Comparison, of_real: Figures) -> None:
    images = random_images(COUNT, 28)
    candidate = Comparison(real.reference, images, real.labels, small_n=True, window=lambda: images)
    output = measured(candidate, None, MEASURES)
    assert value(output, "fid_mnist") > 50 * value(of_real, "fid_mnist")
    assert value(output, "swd_mnist") > 10 * value(of_real, "swd_mnist")
    assert value(output, "kid_mnist") > 100 * abs(value(of_real, "kid_mnist"))
    assert value(output, "intra_fid") > 10 * value(of_real, "intra_fid")
    assert value(output, "precision") < 0.02
    assert value(output, "density") < 0.02
    assert value(output, "coverage") < 0.02
    assert value(output, "label_accuracy") < 0.25
    assert value(output, "is_mnist") < 3
    assert value(output, "parzen") < value(of_real, "parzen") - 100
    assert value(output, "different_bins") > 0.5
    assert value(output, "memorised") == 0
    assert value(output, "copies") == 0


def test_copies_of_training_images_are_memorised(real: Comparison, of_real: Figures) -> None:
    """Every other figure takes them for a perfect generator's."""
    train = real.reference.dataset.train
    candidate = Comparison(real.reference, train.images[:COUNT], train.labels[:COUNT], small_n=True)
    output = of(candidate, "memorised", "copies", "fid_mnist", "precision", "recall", "duplicates")
    assert value(output, "memorised") == value(output, "copies") == 1
    assert candidate.memorisation.ratio == 0
    assert np.array_equal(candidate.memorisation.indexes, np.arange(COUNT))
    assert value(output, "fid_mnist") < 2 * base(of_real, "fid_mnist")
    assert value(output, "precision") > 0.8
    assert value(output, "recall") > 0.8
    assert value(output, "duplicates") < 0.05  # of 150 images of a class one or two by chance
    half = replace(candidate, images=np.concatenate([train.images[:750], real.images[:750]]), embedded=None)
    for name in ("memorised", "copies"):
        assert value(of(half, name), name) == pytest.approx(0.5, abs=0.03)
    moved = replace(candidate, images=np.roll(train.images[:COUNT], (1, -1), (2, 3)), embedded=None)
    output = of(moved, "memorised", "copies")
    assert value(output, "memorised") < 0.05  # which compares pixels in their places
    assert value(output, "copies") > 0.95


@pytest.mark.slow
def test_what_a_network_tells_from_real_images(real: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blurred digits are told at once, and real ones hardly."""
    from condgan.metrics import two_sample as module

    monkeypatch.setattr(module, "two_sample", partial(module.two_sample, steps=80))
    few = small(real, slice(0, 600))
    figure = measured(few, None, [TWO_SAMPLE])["c2st"]
    assert figure.value is not None
    assert figure.se is not None
    assert abs(figure.value - 0.5) < 0.15  # other people wrote them
    wide = np.pad(few.images, ((0, 0), (0, 0), (1, 1), (1, 1))).astype(float)
    blurred = sum(wide[:, :, i : i + 28, j : j + 28] for i in range(3) for j in range(3)) / 9
    images = np.asarray(blurred).astype(np.uint8)
    for candidate in (replace(few, images=images), replace(few, images=images, requested=None)):
        told = measured(candidate, None, [TWO_SAMPLE])["c2st"].value
        assert told is not None
        assert told > 0.9
    note = measured(small(few, few.labels != 3), None, [TWO_SAMPLE])["c2st"].note
    assert note == 'class "3" has no generated images'


def test_the_two_sides_of_the_two_sample_test_have_equal_classes(
    real: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = np.flatnonzero((real.labels != 4) | (np.arange(COUNT) < 300))
    for limit in (COUNT, 400):
        monkeypatch.setattr(comparison, "MOST_PAIRED", limit)
        candidate = small(real, kept)
        of_real, own, classes = candidate.matched
        assert np.array_equal(candidate.reference.real.labels[of_real], classes)
        assert np.array_equal(candidate.labels[own], classes)
        assert len(set(of_real)) == len(set(own)) == len(classes) <= limit
        without = replace(candidate, requested=None)
        of_real, own, classes = without.matched
        assert len(of_real) == len(own) == len(classes) == min(limit, len(kept))


def test_images_made_twice_are_duplicates(real: Comparison) -> None:
    half = COUNT // 2
    candidate = replace(
        real, images=np.tile(real.images[:half], (2, 1, 1, 1)), requested=np.tile(real.labels[:half], 2), embedded=None
    )
    assert value(of(candidate, "duplicates"), "duplicates") == 1
    labels = np.concatenate([real.labels[:half], (real.labels[:half] + 1) % 10])
    assert value(of(replace(candidate, requested=labels), "duplicates"), "duplicates") < 0.1  # twins are of one class


def test_modes_are_the_classes_that_are_made(real: Comparison, of_real: Figures) -> None:
    """Three kinds of digits: three modes; with or without labels, and whichever labels they are."""
    assert value(of_real, "modes") == base(of_real, "modes") == 10
    assert value(of_real, "modes_kl") < 0.01
    candidate = small(real, np.flatnonzero(np.isin(real.predicted, [1, 3, 7])), requested=None)
    output = of(candidate, "modes", "modes_kl")
    assert value(output, "modes") == 3
    shares = np.bincount(real.reference.dataset.train.labels) / len(real.reference.dataset.train)
    assert value(output, "modes_kl") == pytest.approx(-math.log(shares[[1, 3, 7]].sum()), abs=0.01)


# figures that are not defined


def small(real: Comparison, kept: Labels | slice, **changes: object) -> Comparison:
    """Some of the real images, whose features are known."""
    seen = real.embedding
    embedded = replace(seen, features=seen.features[kept], posteriors=seen.posteriors[kept])
    some = replace(real, images=real.images[kept], requested=real.labels[kept], embedded=embedded, window=None)
    return replace(some, **changes)  # type: ignore[arg-type]


def test_a_class_that_is_missing(real: Comparison) -> None:
    """What needs every class says which is missing; the others are still there."""
    candidate = small(real, np.flatnonzero(real.labels != 3))
    output = measured(candidate, None, MEASURES)
    for name in ("intra_fid", "different_bins"):
        assert output[name].value is None
        assert "class 3" in output[name].note or 'class "3"' in output[name].note
    for name in ("label_accuracy", "fid_mnist", "kid_mnist", "precision", "recall", "memorised", "duplicates"):
        value(output, name)
    assert candidate.accuracy.per_class[3] is None


def test_images_without_labels(real: Comparison, of_real: Figures, floor_side: Comparison) -> None:
    """An unconditional generator's: what looks at labels says so; the others are the same as with labels."""
    candidate = replace(real, requested=None, embedded=real.embedding)
    output = measured(candidate, floor_side, MEASURES)
    for name in NAMES:
        if name in LABELLED:
            assert output[name].value is None
            assert "unconditional" in output[name].note
            assert output[name].floor == of_real[name].floor
        else:
            assert output[name] == of_real[name]
    with pytest.raises(UndefinedError, match="unconditional"):
        _ = candidate.labels
    assert {figure.note for figure in gan_train_figures(candidate, lambda _: None)[0].values()} == {
        output["intra_fid"].note
    }


@pytest.mark.parametrize(("count", "enough"), [(255, False), (256, True)])
def test_a_frechet_distance_of_few_images_must_be_requested(real: Comparison, count: int, enough: bool) -> None:
    """128 features need twice as many images on each side."""
    for strict in (
        small(real, slice(0, count), small_n=False),
        small(real, slice(0, 600), small_n=False, reference=with_test(real.reference, count)),
    ):
        figure = of(strict, "fid_mnist")["fid_mnist"]
        assert (figure.value is not None) == enough
        if not enough:
            assert f"{count} " in figure.note
            assert "at least 256 of each" in figure.note
            assert "`small_n=True`" in figure.note
        value(of(replace(strict, small_n=True), "fid_mnist"), "fid_mnist")
        value(of(strict, "kid_mnist"), "kid_mnist")  # which has no bias


def with_test(reference: Reference, count: int) -> Reference:
    test = reference.dataset.test
    return replace(reference, dataset=replace(reference.dataset, test=Split(test.images[:count], test.labels[:count])))


def test_the_guard_within_classes_names_the_class(real: Comparison) -> None:
    note = of(replace(real, small_n=False, embedded=real.embedding), "intra_fid")["intra_fid"].note
    assert note.startswith('class "0": ')
    assert "at least 256 of each" in note


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6])
def test_hardly_any_images(real: Comparison, count: int) -> None:
    """Some figures have no value, with a reason; none is NaN."""
    output = measured(small(real, slice(0, count)), None, MEASURES)
    for name, figure in output.items():
        assert (figure.value is None) == bool(figure.note), name
        assert figure.value is None or math.isfinite(figure.value)
    assert (output["kid_mnist"].value is None) == (count < 2)
    assert (output["precision"].value is None) == (count < 6)
    assert (output["memorised"].value is None) == (count < 1)
    assert (output["copies"].value is None) == (count < 1)
    assert (output["swd_mnist"].value is None) == (count < 2)
    assert output["is_mnist"].value is None


def test_parzen_needs_a_window_and_test_images(real: Comparison, reference: Reference) -> None:
    other_way = replace(real, reference=Reference(reference.dataset, "validation", reference.features), embedded=None)
    for candidate in (replace(real, window=None), other_way):
        figure = attempt(lambda candidate=candidate: candidate.parzen.value, ANY)  # type: ignore[misc]
        assert figure.value is None
        assert "window of samples" in figure.note


def test_parzen_is_not_computed_for_a_million_samples(real: Comparison, reference: Reference) -> None:
    names = tuple(map(str, range(101)))
    many = Reference(replace(reference.dataset, class_names=names), "test", reference.features)
    figure = attempt(lambda: replace(real, reference=many).parzen.value, ANY)
    assert figure.value is None
    assert "101 classes: the protocol takes 1000 samples of each" in figure.note


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_no_figure_is_nan(number: float) -> None:
    figure = attempt(lambda: Estimate(number, 0.1), ANY)
    assert figure == Figure(metric="any", note=f"the result is {number}")
    assert attempt(lambda: Estimate(0.5, number), ANY) == Figure(metric="any", value=0.5)


def test_an_attempt_catches_what_is_undefined_and_nothing_else() -> None:
    def undefined() -> Estimate:
        raise UndefinedError("for a reason")

    def mistaken() -> Estimate:
        raise ValueError("a programmer's mistake")

    assert attempt(undefined, ANY) == Figure(metric="any", note="for a reason")
    assert attempt(lambda: Estimate(0.5, 0.1), ANY) == Figure(metric="any", value=0.5, se=0.1)
    with pytest.raises(ValueError, match="programmer"):
        attempt(mistaken, ANY)


# floors


def test_the_floor_is_the_other_split_in_the_same_counts(reference: Reference) -> None:
    counts = np.array([3, 0, 5, 1, 1, 1, 1, 1, 1, 10_000])
    output = floor(reference, counts, small_n=False)
    other = reference.dataset.validation
    available = np.bincount(other.labels, minlength=10)
    assert np.bincount(output.labels, minlength=10).tolist() == np.minimum(counts, available).tolist()
    assert all(any(np.array_equal(image, one) for one in other.images[:60]) for image in output.images[:5])
    np.testing.assert_allclose(output.embedding.features, reference.features.embed(output.images).features, atol=1e-4)
    assert output.window is not None
    with pytest.raises(UndefinedError, match="fewer than 1000 training images"):  # the protocol takes 1000 a class
        output.window()


def test_a_floor_is_computed_once_for_its_counts(reference: Reference) -> None:
    calls: list[int] = []

    def counted(candidate: Comparison) -> Estimate:
        calls.append(len(candidate.images))
        return Estimate(0.25)

    measure = Measure("counted", "higher", "in words", counted)
    for _ in range(2):
        assert cached_floor(floor(reference, np.full(10, 2), False), measure) == 0.25
    assert calls == [20]
    cached_floor(floor(reference, np.full(10, 3), False), measure)
    cached_floor(floor(reference, np.full(10, 3), True), measure)
    assert calls == [20, 30, 30]
    undefined = Measure("undefined", "higher", "in words", lambda candidate: candidate.fid())
    for _ in range(2):
        assert cached_floor(floor(reference, np.full(10, 2), False), undefined) is None


def test_a_dataset_without_a_second_split_has_no_floor(real: Comparison) -> None:
    reference = real.reference
    none = Split(reference.other.images[:0], reference.other.labels[:0])
    alone = Reference(replace(reference.dataset, validation=none), "test", reference.features)
    candidate = small(real, slice(0, 300), reference=alone)
    output = measured(candidate, floor(alone, np.full(10, 30), True), QUICK)
    assert [figure.floor for figure in output.values()] == [None] * len(QUICK)
    assert all(figure.value is not None for figure in output.values())


def test_what_is_said_and_where_figures_are_named(real: Comparison) -> None:
    said: list[str] = []
    output = measured(small(real, slice(0, 300)), None, QUICK, said.append)
    assert list(output) == [measure.figure("mnist").name for measure in QUICK]
    assert [line.split(":")[0] for line in said] == list(output)
    assert all(METRICS[figure.metric].text for figure in output.values())


# the published protocol


def test_a_hundred_against_a_hundred(real: Comparison, floor_side: Comparison) -> None:
    """Ten of each class on both sides; the figure is mostly bias, as its floor shows, and has the norm unsquared."""
    each = np.full(10, 10)
    of_real_images = real.reference.embedding.features[first_of_each(real.reference.real.labels, each)]
    of_made = real.embedding.features[first_of_each(real.labels, each)]
    output = hundred_against_hundred(real, floor_side)
    assert list(output) == ["fid_mnist_100_vs_100", "fid_mnist_100_vs_100_unsquared"]
    squared, unsquared = output.values()
    expected = comparison.distances.frechet(of_real_images, of_made)  # of singular matrices: less exact
    assert squared.value == pytest.approx(expected, rel=1e-4)
    apart = float(np.linalg.norm(of_real_images.mean(0, dtype=np.float64) - of_made.mean(0, dtype=np.float64)))
    assert unsquared.value is not None
    assert squared.value is not None
    assert unsquared.value - squared.value == pytest.approx(apart - apart**2, rel=1e-5)
    for figure in (squared, unsquared):
        assert figure.floor == pytest.approx(figure.value, rel=0.5)
    assert squared.value > 2 * value(of(real, "fid_mnist"), "fid_mnist")
    without = hundred_against_hundred(replace(real, requested=None, embedded=real.embedding), floor_side)
    assert without["fid_mnist_100_vs_100"].value == pytest.approx(
        comparison.distances.frechet(of_real_images, real.embedding.features[:100]), rel=1e-4
    )


# GAN-train


def test_gan_train_compares_equal_counts_of_every_class(real: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many real images of each class as there are generated ones, at most those that there are."""
    given: list[list[list[int]]] = []

    def train(
        generated: tuple[Images, Labels], of_real: tuple[Images, Labels], *rest: object, **others: object
    ) -> object:
        given.append([np.bincount(labels, minlength=10).tolist() for _, labels in (generated, of_real)])
        return gan_train(generated, of_real, *rest, **others, seeds=2, steps=1)  # type: ignore[arg-type]

    monkeypatch.setattr("condgan.metrics.gan_train.gan_train", train)
    kept = np.flatnonzero((real.labels != 4) | (np.arange(COUNT) < 30))
    candidate = small(real, kept, reference=with_test(real.reference, 50))
    said: list[str] = []
    output, missing = gan_train_figures(candidate, said.append)
    [[synthetic, of_train]] = given
    assert synthetic == of_train
    assert synthetic == np.bincount(real.labels[kept], minlength=10).tolist()
    assert list(output) == ["gan_train", "gan_train_behind", "gan_test"]
    assert output["gan_train"].floor == output["gan_test"].floor
    assert output["gan_train_behind"].floor == 0
    behind, base_line = output["gan_train_behind"].value, output["gan_train"].floor
    assert behind is not None
    assert base_line is not None
    assert value(output, "gan_train") + behind == pytest.approx(base_line)
    assert len(said) == 2
    assert set(missing) <= set(range(50))


def test_gan_train_needs_every_class(real: Comparison) -> None:
    output, missing = gan_train_figures(small(real, np.flatnonzero(real.labels != 3)), lambda _: None)
    assert missing.tolist() == []
    assert {(figure.value, figure.note) for figure in output.values()} == {(None, 'no images of class "3"')}


def test_figures_of_another_space_are_named_after_it(real: Comparison) -> None:
    candidate = small(real, slice(0, 300))
    elsewhere = replace(
        candidate.reference, features=replace(candidate.reference.features, space="features", sha256="0" * 64)
    )
    measures = [measure for measure in MEASURES if measure.name in ("fid", "precision")]
    assert list(measured(replace(candidate, reference=elsewhere), None, measures)) == ["fid_features", "precision"]


def test_pairs_are_sought_among_a_limited_number(
    reference: Reference, real: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pairs of many images would take the square of their number; all other figures are of all images."""
    limit = 400
    monkeypatch.setattr(references, "MOST_PAIRED", limit)
    real = replace(real, reference=replace(reference))  # nothing computed yet
    for candidate in (real, replace(real, requested=None)):
        part = replace(
            candidate,
            images=candidate.images[candidate.paired],
            requested=None if candidate.requested is None else candidate.requested[candidate.paired],
        )
        assert len(candidate.paired) == len(part.paired) == limit
        names = ["precision", "recall", "density", "coverage", "kid_mnist", "duplicates"]
        assert of(candidate, *names) == of(part, *names)
        assert of(candidate, "fid_mnist") != of(part, "fid_mnist")
    counts = np.bincount(real.labels[real.paired], minlength=10)
    assert np.abs(counts - np.bincount(real.labels, minlength=10) * limit / len(real.labels)).max() < 1


def test_everyone_is_paired_below_the_limit(reference: Reference, real: Comparison) -> None:
    assert np.array_equal(real.paired, np.arange(len(real.images)))
    assert np.array_equal(reference.paired, np.arange(len(reference.real)))
