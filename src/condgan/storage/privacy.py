"""What files tell others of a command: no passwords, and no places outside the working folder."""

import os
import re
import shlex
from collections.abc import Sequence

HIDDEN = "***"
SECRETS = "password|passwd|secret|token|credential|api[-_]?key"
SECRET = re.compile(f"(?i)({SECRETS})")
"""In the name of an option or a field: its value is hidden."""
LOGIN = re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^/\s]*@")
"""User and password in an address."""
QUERY = re.compile(rf"(?i)([?&][^=&#\s]*(?:{SECRETS}|signature)[^=&#\s]*=)[^&#\s]*")
"""Such a parameter in an address."""


def command(words: Sequence[str]) -> str:
    """The words of a command, quoted for a shell, as others may read them: `told` of each."""
    shown, hide = [], False
    for place, word in enumerate(words):
        name, equals, _ = word.partition("=")
        if hide and not word.startswith("-"):
            shown.append(HIDDEN)
        elif equals and SECRET.search(name) and "://" not in name:
            shown.append(f"{name}={HIDDEN}")
        else:
            shown.append(os.path.basename(word) if place == 0 else told(word))
        hide = word.startswith("-") and not equals and SECRET.search(word) is not None
    return shlex.join(shown)


def told(word: str) -> str:
    """A word without a login in an address, and with ``.../name`` for a path that leads out of the working folder.

    The path may also be the value of a field, ``data.source=/home/me/photos``.
    """
    word = QUERY.sub(rf"\1{HIDDEN}", LOGIN.sub(rf"\1{HIDDEN}@", word))
    if "://" in word:
        return word
    field, equals, value = word.partition("=")
    if equals and not re.search(r"[/\\]", field):
        return f"{field}={_place(value)}"
    return _place(word)


def _place(path: str) -> str:
    if not (os.path.isabs(path) or path.startswith("~") or ".." in re.split(r"[/\\]", path)):
        return path
    full = os.path.abspath(os.path.expanduser(path))
    inside = os.path.relpath(full)
    return f".../{os.path.basename(full)}" if inside.split(os.sep)[0] == os.pardir else inside
