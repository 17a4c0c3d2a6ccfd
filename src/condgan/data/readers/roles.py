"""Which array of several is what, by its usual name: images or labels, and of which split."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from condgan.data.readers.names import SPLITS
from condgan.errors import CondganError

ROLES = {
    **dict.fromkeys(("images", "image", "imgs", "img", "x", "data", "pixels", "inputs"), "images"),
    **dict.fromkeys(("labels", "label", "y", "targets", "target"), "labels"),
    "vectors": "vectors",
    "conditions": "conditions",
}
CLASS_NAMES = frozenset({"classnames", "labelnames", "targetnames", "classes", "categories"})
SAMPLES, CONDITIONS = ("images", "vectors"), ("labels", "conditions")
NEITHER = "arrays that are neither images nor labels"
UNLABELLED = "arrays of images without labels, or of labels without images"

_split, _role = ("|".join(sorted(words, key=len, reverse=True)) for words in (SPLITS, ROLES))
NAME = re.compile(rf"(?:(?P<before>{_split})(?:set)?)?(?P<role>{_role})(?:(?P<after>{_split})(?:set)?)?")


@dataclass(frozen=True)
class Roles:
    """What the arrays are: of each split the names of its samples and of its conditions, and that of the class names.

    ``kinds`` are images or vectors, labels or conditions; ``skipped`` counts arrays that are left out, by reason.
    """

    kinds: tuple[str, str]
    splits: Mapping[str, tuple[str, str]]
    class_names: str | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Of all arrays that are needed."""
        return [name for pair in self.splits.values() for name in pair] + [self.class_names or ""] * bool(
            self.class_names
        )

    @property
    def words(self) -> str:
        """Which array was taken as what."""
        samples, conditions = (
            f"{kind} are {' and '.join(names)}"
            for kind, names in zip(self.kinds, zip(*self.splits.values(), strict=True), strict=True)
        )
        return f"{samples}; {conditions}" + (f"; class names are {self.class_names}" if self.class_names else "")


def roles(what: str, present: Collection[str], exact: bool = False) -> Roles:
    """The roles of arrays of these names.

    Args:
        what: contains them, in an error.
        present: the names.
        exact: only images, vectors, labels, conditions and class_names are known, as recipes of formats 1 and 2 had it.

    Raises:
        CondganError: images or labels of train are missing, or two arrays have the same role.
    """
    found: dict[tuple[str, bool], list[str]] = {}  # (split, whether it is of the conditions) -> names
    class_names: list[str] = []
    neither = 0
    for name in sorted(present, key=lambda name: (name in ("vectors", "conditions"), name)):
        role = known(name, exact)
        if role is None:
            neither += 1
        elif role == ("", ""):
            class_names.append(name)
        else:
            found.setdefault((role[0], role[1] in CONDITIONS), []).append(name)
    for names in (*found.values(), class_names):
        if len(names) > 1:
            raise CondganError(f"{what} holds {' and '.join(names)}: expected one of them, leave the other out")
    splits = {
        split: (*found[split, False], *found[split, True])
        for split in ("train", "validation", "test")
        if (split, False) in found and (split, True) in found
    }
    if "train" not in splits:
        raise CondganError(missing(what, present, list(splits)))
    kinds = {split: tuple(kind(name, exact) for name in pair) for split, pair in splits.items()}
    for split, pair in kinds.items():
        if pair != kinds["train"]:
            raise CondganError(
                f"{what} holds {' and '.join(kinds['train'])} of train, but {' and '.join(pair)} of {split}: "
                "expected the same"
            )
    if class_names and kinds["train"][1] == "conditions":
        raise CondganError(
            f"{what} holds {class_names[0]}, which conditions have not: save labels, or leave {class_names[0]} out"
        )
    left_out = {NEITHER: neither, UNLABELLED: len(found) - 2 * len(splits)}
    return Roles(
        (kinds["train"][0], kinds["train"][1]),
        {split: (pair[0], pair[1]) for split, pair in splits.items()},
        class_names[0] if class_names else None,
        {reason: count for reason, count in left_out.items() if count},
    )


def known(name: str, exact: bool) -> tuple[str, str] | None:
    """An array's split and role; both empty for class names, none for what is neither."""
    if exact:
        if name == "class_names":
            return "", ""
        return ("train", name) if name in (*SAMPLES, *CONDITIONS) else None
    plain = re.sub(r"[\W_]+", "", name.lower())
    if plain in CLASS_NAMES:
        return "", ""
    match = NAME.fullmatch(plain)
    if match is None or (match["before"] and match["after"]):
        return None
    return SPLITS[match["before"] or match["after"] or "train"], ROLES[match["role"]]


def kind(name: str, exact: bool) -> str:
    """The role of an array that has one."""
    role = known(name, exact)
    return role[1] if role else ""


def missing(what: str, present: Collection[str], others: list[str]) -> str:
    """Why there are no labelled images of train."""
    if others:
        return f"{what} holds images and labels of {' and '.join(others)}, but not of train: add them, or rename these"
    return (
        f"{what} needs arrays images and labels; its arrays are: {listed(present)} "
        "(vectors may stand for images, and conditions for labels)"
    )


def listed(names: Collection[str]) -> str:
    """Names in an error."""
    return ", ".join(sorted(names)[:20]) or "none"
