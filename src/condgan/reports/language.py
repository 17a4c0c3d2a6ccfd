"""The sentences of reports, in each language: ``words/en.toml`` and ``words/zh.toml`` have the same keys."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from condgan.errors import ArgumentError

LANGUAGES = ("en", "zh")


class Words:
    """The sentences of a language, by key: ``words("run.title", name=...)``."""

    def __init__(self, lang: str) -> None:
        """Read them.

        Raises:
            ArgumentError: an unknown language.
        """
        if lang not in LANGUAGES:
            raise ArgumentError("lang", lang, f"expected {' or '.join(LANGUAGES)}")
        self.lang, self.of = lang, table(lang)

    @property
    def comma(self) -> str:
        """Between the parts of an enumeration."""
        return "，" if self.lang == "zh" else ", "

    def split(self, name: str) -> str:
        """The name of a split."""
        return self.get(f"split.{name}", name)

    def __call__(self, key: str, **values: Any) -> str:
        """A sentence with its values."""
        return self.of[key].format(**values)

    def get(self, key: str, default: str = "") -> str:
        """A sentence without values; the default where there is none."""
        return self.of.get(key, default)


@cache
def table(lang: str) -> dict[str, str]:
    """Key -> sentence, ``section.name``."""
    text = resources.files("condgan.reports").joinpath("words", f"{lang}.toml").read_text("utf-8")
    return {
        f"{section}.{name}": " ".join(sentence.split())
        if lang == "en"
        else "".join(map(str.strip, sentence.splitlines()))
        for section, sentences in tomllib.loads(text).items()
        for name, sentence in sentences.items()
    }
