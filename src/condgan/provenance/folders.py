"""Folders: sets of images in all their layouts, with the files in them, and other files one by one."""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unicodedata import normalize

from condgan.data.archives import CARD, MANIFEST
from condgan.data.tree import is_litter
from condgan.data.writers.folder import folder_names
from condgan.export.card import front
from condgan.provenance import judging, kinds, reading, sets
from condgan.provenance.files import DamagedError, UnreadableError, content, opened
from condgan.provenance.generators import Generators
from condgan.provenance.labels import IMAGES, METADATA, Labels, misplaced
from condgan.provenance.reading import Entry
from condgan.provenance.sets import Source
from condgan.provenance.tally import Tally
from condgan.provenance.verdicts import Finding, finding
from condgan.storage.manifest import MOST_BYTES, Manifest

LOOKED_AT = {*kinds.READERS, *kinds.FOREIGN, *sets.FILES}
"""Endings of files that are looked at where a folder is no set."""
Step = Callable[[], object]
"""Called after each file or image."""


def manifest(folder: Path) -> Manifest | DamagedError | None:
    """The manifest of the set that a folder is; none where it is no set of condgan's."""
    place = folder / MANIFEST
    if not place.is_file() or place.is_symlink():
        return None
    try:
        text = content(place, 2 * MOST_BYTES)
        said = json.loads(text)
        if not isinstance(said, dict) or "kind" not in said:
            return None  # many programs have a manifest.json
        told = reading.manifest(text)
    except UnreadableError as error:
        return DamagedError(f"{MANIFEST}: {error}")
    except (ValueError, RecursionError):
        return DamagedError(f"{MANIFEST} is no JSON")
    return told if told.kind == "set" else DamagedError(f"{MANIFEST} is that of a {told.kind}, and not of a set")


def looked_at(path: Path) -> bool:
    """Whether a file of a folder that is no set may have pictures: by its ending, or without one by its beginning."""
    if path.suffix:
        return path.suffix.lower() in LOOKED_AT
    try:
        with opened(path) as file:
            return file.read(8).startswith(kinds.SIGNATURES)
    except (UnreadableError, OSError):
        return False


def entry(path: Path, root: Path, labels: Labels) -> Entry:
    """A picture file of a folder, with its label."""
    given = labels.of(path)
    label, name = " and ".join(sorted(given)) if given else None, path.relative_to(root).as_posix()
    try:
        picture = judging.read(path)
    except UnreadableError as error:
        return Entry(name, error, label)
    if len(given) > 1:
        picture.contradictions.append(f"it has several labels: {label}")
    return Entry(name, picture, label, labels.positions.get(path))


def loose(root: Path, paths: Sequence[Path], generators: Generators, step: Step) -> list[Finding]:
    """Files of a folder that is no set, one by one."""
    labels, here = Labels.read(root, paths, others=True), root.absolute().name
    paths = [path for path in paths if looked_at(path)]
    pictures = [path for path in paths if path.suffix.lower() not in sets.FILES]

    def entries() -> Iterator[Entry]:
        for path in pictures:
            yield entry(path, root, labels)
            step()

    found = []
    for one in judging.judged(entries(), generators):
        misplaced(one, [here, *Path(one.name).parts[:-1]])
        found.append(one.found)
    for path in paths:
        if path.suffix.lower() in sets.FILES:
            found.append(alone(path, path.relative_to(root).as_posix(), generators, lambda: None)[1])
            step()
    absent = {place: f"it names a file that is not there: {name}" for place, name in labels.gone.items()}
    for place, reason in (labels.wrong | absent).items():
        found.append(finding(place.relative_to(root).as_posix(), "contradictory", reason))
    return sorted(found, key=lambda one: one.path)


def alone(
    path: Path, name: str, generators: Generators, step: Step, *, follow: bool = False
) -> tuple[Finding | None, Finding]:
    """A file with many images -> the verdict on the set, none where it is a part of one, and that on the file.

    Raises:
        UnreadableError: it cannot be read.
    """
    try:
        with opened(path, follow=follow) as file:
            source = sets.FILES[path.suffix.lower()](file)
            tally = Tally(source.told, generators.of(source.told))
            count(source, tally, generators, step)
            found = tally.conclude(name)
    except DamagedError as error:
        return None, finding(name, "unknown", str(error))
    except UnreadableError as error:
        if follow:
            raise
        return None, finding(name, "unknown", str(error))
    return (None if tally.content is None else found), found


def count(source: Source, tally: Tally, generators: Generators, step: Step, *others: Tally) -> None:
    """Judge all images of a file, and count them."""

    def entries() -> Iterator[Entry]:
        try:
            for one in source.entries:
                if tally.enough:
                    break
                yield one
                step()
        except UnreadableError as error:
            for each in (tally, *others):
                each.lost.append(str(error))

    tally.check_names(source.names)
    for one in judging.judged(entries(), generators):
        tally.take(one)
        for other in others:
            other.take(one)


def whole(
    root: Path, name: str, told: Manifest, paths: Sequence[Path], generators: Generators, step: Step
) -> tuple[Finding, list[Finding]]:
    """A folder that is a set -> the verdict on it, and that on each of its files."""
    try:
        tally = Tally(told, generators.of(told))
        if tally.content is None:
            raise DamagedError("its manifest says nothing of its files")
        layout = LAYOUTS.get(tally.content.format)
        if layout is None:
            raise DamagedError(f"its manifest names no format that condgan writes: {tally.content.format[:40]}")
    except DamagedError as error:
        return finding(name, "unknown", str(error), told), loose(root, paths, generators, step)
    changed = hashes(root, tally.content.files)
    found = layout(root, paths, tally, generators, step)
    foreign = next((file for file in tally.content.files if not OWN[tally.content.format].fullmatch(file)), None)
    if foreign is not None:
        tally.wrong.append(f"its manifest names a file that its format does not have: {foreign}")
    own = {*tally.content.files, MANIFEST, CARD}
    for path in paths:
        place = path.relative_to(root).as_posix()
        pictured = tally.content.format in PICTURED and path.suffix == ".png"
        if place not in own and not pictured and not overlooked(path):
            tally.wrong.append(f"it has a file that its manifest does not name: {place}")
    if CARD in {path.name for path in paths if path.parent == root}:
        check_card(root / CARD, tally)
    if changed and not tally.wrong and not tally.verdicts["contradictory"]:
        return finding(name, "altered", changed[0], told), found
    return tally.conclude(name), found


def overlooked(path: Path) -> bool:
    """Whether a file beside a set is no part of it: what systems leave behind, but no hidden picture or settings."""
    shows = path.suffix.lower() in {*kinds.READERS, *kinds.FOREIGN} and not path.name.startswith("._")
    return is_litter(path.name) and not shows and not path.name.endswith((".yaml", ".yml"))


def check_card(path: Path, tally: Tally) -> None:
    """Whether the front matter of a card is that of its set: Hugging Face reads files and labels as it says."""
    try:
        text = content(path, MOST_BYTES).decode("utf-8", "replace")
    except UnreadableError as error:
        tally.lost.append(f"{CARD}: {error}")
        return
    if tally.content is None or tally.generator is None:
        return
    expected = front(tally.content.format, tally.content.images, tally.generator)
    if not text.startswith("\n".join(expected)) or "\n---" in text[len("\n".join(expected)) :]:
        tally.wrong.append(f"the front matter of {CARD} is not that of this set")


def hashes(root: Path, stated: dict[str, str]) -> list[str]:
    """Which files do not have the hashes that are stated."""
    wrong = []
    for name, expected in sorted(stated.items()):
        place = Path(name)
        if place.is_absolute() or ".." in place.parts or "\\" in name:
            wrong.append(f"its manifest names a file outside: {name}")
            continue
        try:
            if any((root / above).is_symlink() for above in [place, *place.parents]) and root / place != root:
                raise UnreadableError("a symbolic link, which is not followed")
            with opened(root / place) as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                    wrong.append(f"{name} does not have the hash that the manifest states")
        except (UnreadableError, OSError) as error:
            there = os.path.lexists(root / place)
            wrong.append(f"{name}: {error}" if there else f"{name} is missing")
    return wrong


def pictures(root: Path, paths: Sequence[Path], tally: Tally, generators: Generators, step: Step) -> list[Finding]:
    """Class folders, or a folder of images with a table of their labels."""
    labels = Labels.read(root, paths)
    files = [path for path in paths if path.suffix == ".png"]
    tally.wrong += [f"{METADATA}: {reason}" for reason in labels.wrong.values()]
    tally.gone += labels.gone.values()
    tabled = tally.content is not None and tally.content.format == "imagefolder"

    def entries() -> Iterator[Entry]:
        for path in files:
            yield entry(path, root, labels)
            step()

    found = []
    names = () if tally.generator is None else tally.generator.domain.class_names
    folders = dict(zip(names, folder_names(names), strict=True))
    for one in judging.judged(entries(), generators):
        above = normalize("NFC", Path(one.name).parent.as_posix())
        if above != (IMAGES if tabled else folders.get(one.label or "", above)) or "/" in above or above == ".":
            tally.wrong.append(f"{one.name} does not stand where its class has its images")
        if tabled and root / one.name not in labels.told:
            tally.wrong.append(f"{METADATA} does not name {one.name}")
        tally.take(one)
        found.append(one.found)
    return found


def shards(root: Path, paths: Sequence[Path], tally: Tally, generators: Generators, step: Step) -> list[Finding]:
    """Files with many images each."""
    found = []
    for path in paths:
        name, read = path.relative_to(root).as_posix(), sets.FILES.get(path.suffix)
        if read is None:
            continue
        try:
            with opened(path) as file:
                source = read(file)
                part = Tally(source.told, tally.generator)
                if part.plan.counts != tally.plan.counts or part.plan.seed != tally.plan.seed:
                    tally.wrong.append(f"{name} is a part of another set")
                count(source, part, generators, step, tally)
                found.append(part.conclude(name))
        except UnreadableError as error:
            tally.lost.append(f"{name}: {error}")
            found.append(finding(name, "unknown", str(error)))
    return found


def arrays(root: Path, paths: Sequence[Path], tally: Tally, generators: Generators, step: Step) -> list[Finding]:
    """IDX files, which are judged together."""
    count(sets.idx(root, tally.told), tally, generators, step)
    verdict = tally.conclude("")
    names = [path.relative_to(root).as_posix() for path in paths if path.name not in (MANIFEST, CARD)]
    return [verdict.model_copy(update={"path": name}) for name in names]


PICTURED = ("folder", "imagefolder")
LAYOUTS: dict[str, Callable[[Path, Sequence[Path], Tally, Generators, Step], list[Finding]]] = {
    "folder": pictures, "imagefolder": pictures, "idx": arrays, "npz": shards, "parquet": shards, "webdataset": shards,
}  # fmt: skip
"""What reads a set in a folder, by its format."""
OWN = {
    "folder": re.compile(r"classes\.json"),
    "imagefolder": re.compile(r"metadata\.csv"),
    "idx": re.compile(r"train-images-idx3-ubyte|train-labels-idx1-ubyte|class_names\.txt|numbers\.npy"),
    "npz": re.compile(r"data\.npz"),
    "parquet": re.compile(r"data/train-[0-9]{5,}\.parquet"),
    "webdataset": re.compile(r"train-[0-9]{6,}\.tar"),
}
"""The files of a set that its manifest names."""
