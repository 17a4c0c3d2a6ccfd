"""The sentences of reports, in each language: ``words/en.toml`` and ``words/zh.toml`` have the same keys."""

import string
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from condgan.diagnosis.alarms.evidence import PHRASES, Evidence
from condgan.errors import ArgumentError

LANGUAGES = ("en", "zh")


class Counting(string.Formatter):
    """Sentences with counts: ``{epochs:# epoch}`` is ``1 epoch`` or ``4 epochs``.

    ``{n:# training has|trainings have}`` names the plural where it is no ``s``.
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        """A value; after ``#`` stands the word that it counts."""
        if not format_spec.startswith("# "):
            return str(super().format_field(value, format_spec))
        one, _, many = format_spec.removeprefix("# ").partition("|")
        return f"{value} {one if str(value) == '1' else many or f'{one}s'}"


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
        """Between the parts of a sentence."""
        return "，" if self.lang == "zh" else ", "

    @property
    def space(self) -> str:
        """Between sentences."""
        return "" if self.lang == "zh" else " "

    @property
    def colon(self) -> str:
        """After a name that is explained."""
        return "：" if self.lang == "zh" else ": "

    @property
    def between(self) -> str:
        """Between the names of an enumeration."""
        return "、" if self.lang == "zh" else ", "

    def quoted(self, text: str) -> str:
        """A name, or words of another language."""
        return f"“{text}”" if self.lang == "zh" else f'"{text}"'

    def split(self, name: str) -> str:
        """The name of a split, or of several, as ``train+validation``."""
        return "+".join(self.get(f"split.{one}", one) for one in name.split("+"))

    def evidence(self, found: Evidence) -> str:
        """The evidence of a finding; its English is that of the alarms."""
        phrases = {key: self.get(f"evidence.{key}", phrase) for key, phrase in PHRASES.items()}
        return found.told(phrases, self.colon, "；" if self.lang == "zh" else "; ")

    def __call__(self, key: str, **values: Any) -> str:
        """A sentence with its values."""
        return Counting().format(self.of[key], **values)

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
