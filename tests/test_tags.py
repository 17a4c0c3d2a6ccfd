"""The example that tags images by generated word vectors: its set, its counting, its figures, and what it learns."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "tags.py"


@pytest.fixture(scope="module")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("tags_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_related_words_are_near_each_other(example: Any) -> None:
    words = example.embeddings(np.random.default_rng(0))
    assert words.shape == (len(example.WORDS), example.LENGTH)
    assert len(set(example.WORDS)) == len(example.WORDS)
    np.testing.assert_allclose(np.linalg.norm(words, axis=1), 1)
    cosines, index = words @ words.T, example.WORDS.index
    same, kind = [], []
    for values in example.KINDS.values():
        groups = [[index(word) for word in group] for group in values.values()]
        for number, group in enumerate(groups):
            same += [cosines[a, b] for a in group for b in group if a < b]
            kind += [cosines[a, b] for a in group for other in groups[:number] for b in other]
    loose = cosines[-len(example.LOOSE) :, : -len(example.LOOSE)]
    assert np.mean(same) > np.mean(kind) + 0.3
    assert np.mean(kind) > abs(loose.mean()) + 0.05


def test_the_images_show_what_their_tags_say(example: Any) -> None:
    tagged = example.draw(4000, np.random.default_rng(1))
    images, tags = tagged.images.astype(float), tagged.tags
    has = lambda *words: tags[:, [example.WORDS.index(word) for word in words]].any(1)  # noqa: E731
    corner = images[:, 0, 0].mean(1)
    assert corner[has("dark", "night")].mean() < 60 < 190 < corner[has("light", "day")].mean()
    shape = (np.abs(images - images[:, :1, :1]) > 80).any(3)
    for name, colour in zip(example.KINDS["colour"], example.COLOURS, strict=True):
        of = has(*example.KINDS["colour"][name])
        assert np.abs(np.median(images[of][shape[of]], axis=0) - colour).max() < 20
    columns = (shape * np.arange(24)).sum((1, 2)) / shape.sum((1, 2))
    assert columns[has("left", "west")].mean() < 9 < 14 < columns[has("right", "east")].mean()
    rows = (shape * np.arange(24)[:, None]).sum((1, 2)) / shape.sum((1, 2))
    assert rows[has("top", "high")].mean() < 9 < 14 < rows[has("bottom", "low")].mean()
    assert shape[has("large", "big", "huge")].sum() > 2 * shape[has("small", "little", "tiny")].sum() * 0.9


def test_users_choose_words_as_often_as_they_are_said_to(example: Any) -> None:
    tagged = example.draw(20_000, np.random.default_rng(2))
    assert tagged.tags.any(1).all()
    expected = tagged.chances.mean(0)
    error = np.sqrt(expected * (1 - expected) / 20_000)
    assert (np.abs(tagged.tags.mean(0) - expected) < 5 * error + 1e-3).all()
    assert not tagged.tags[tagged.chances == 0].any()


def test_words_are_counted_where_they_are_among_the_nearest(example: Any) -> None:
    """By a loop over samples; the length of a vector does not count."""
    random = np.random.default_rng(3)
    words, vectors = example.embeddings(random), random.normal(size=(4, 9, example.LENGTH))
    counts = np.zeros((4, len(words)), int)
    for image in range(4):
        for vector in vectors[image]:
            cosines = [vector @ word / np.linalg.norm(vector) for word in words]
            counts[image, sorted(range(len(words)), key=lambda word: -cosines[word])[: example.NEAREST]] += 1
    assert np.array_equal(np.rint(example.counted(vectors, words)), counts)
    np.testing.assert_allclose(example.counted(7 * vectors, words), example.counted(vectors, words))


def test_a_sampled_word_is_the_first_tag(example: Any) -> None:
    words = example.embeddings(np.random.default_rng(4))
    vectors = np.repeat(words[:, None] * 3, 5, axis=1)
    assert np.array_equal(example.counted(vectors, words).argmax(1), np.arange(len(words)))


def test_neighbours_are_those_of_another_library(example: Any) -> None:
    random = np.random.default_rng(5)
    train, asked = random.normal(size=(80, 6)).astype(np.float32), random.normal(size=(7, 6)).astype(np.float32)
    tags = random.random((80, 11)) < 0.3
    nearest = NearestNeighbors(n_neighbors=9, algorithm="brute").fit(train).kneighbors(asked, return_distance=False)
    expected = tags[nearest].sum(1) + tags.mean(0)
    np.testing.assert_allclose(example.by_neighbours(train, tags, asked, 9), expected)


def test_the_figures_of_tags_counted_by_hand(example: Any) -> None:
    scores = -np.arange(12.0)[None].repeat(2, axis=0)  # the first word first
    tags = np.zeros((2, 12), bool)
    tags[0, [0, 2, 11]] = True
    tags[1, [1, 3]] = True
    found = example.figures(scores, tags)
    assert found["precision at 1"] == 1 / 2
    assert found["precision at 3"] == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert found["recall at 10"] == pytest.approx((2 / 3 + 1) / 2)


def test_a_tiny_run_gives_every_tagger_its_figures(example: Any, tmp_path: Path) -> None:
    found = example.main(tmp_path, images=400, epochs=1, asked=200)
    generated, neighbours, usual, drawn, knows = (list(side.values()) for side in found.values())
    assert all(0 <= value <= 1 for value in generated)
    assert all(best > max(others) for best, *others in zip(knows, generated, neighbours, usual, drawn, strict=True))
    assert neighbours[2] > usual[2] > drawn[2]
    lines = example.table(found).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == [f"| {name}" for name in found]
    assert (tmp_path / "tags.png").stat().st_size > 10_000


@pytest.mark.slow
def test_it_learns_to_tag(example: Any, tmp_path: Path) -> None:
    """Its first tag is far better than any guess that does not look at the image."""
    found = example.main(tmp_path, images=20_000, epochs=10, asked=300)
    assert found["generated"]["precision at 1"] > 1.2 * found["most usual words"]["precision at 1"]
