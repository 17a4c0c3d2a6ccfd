"""Reports and comparisons in place, and verdicts of studies: what the command line prints and writes."""

import json
import secrets
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from condgan.errors import CondganError
from condgan.experiments.comparison import compare
from condgan.reports import language, verdicts
from condgan.reports.report import report
from condgan.runs import moment
from condgan.studio import places, studies
from condgan.studio.parts import Order, Parts, With
from condgan.studio.settings import Settings
from condgan.verdicts import kept

router = APIRouter(tags=["reports"])
pages = APIRouter(include_in_schema=False)
LASTING = 120.0  # seconds that the address of a report opens it
MOST = 20  # reports that wait to be opened
POLICY = (
    "sandbox allow-scripts allow-popups; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A report has scripts of its own, and none of the studio's rights: it is a site apart, without the token."""
Place = Callable[[Settings, str], Path]
Name = Annotated[str, Query(min_length=1, max_length=300)]
VERDICTS = ("worth.json", "cure.json", "claims.json")


class ReportOrder(Order):
    """A report that is asked for."""

    run: Annotated[str, Field(max_length=300)]
    """A run, ``RUN@EPOCH``, or a study."""
    lang: Literal["en", "zh"] = "en"
    purpose: Literal["coursework"] | None = None
    author: dict[str, str] = Field({}, max_length=20)


@router.post("/reports", status_code=201)
async def order(order: ReportOrder, parts: With) -> dict[str, str]:
    """Write a report -> the address where it opens, once, within two minutes.

    Raises:
        CondganError: nothing there to report on.
    """
    page = await parts.pool.run(partial(written, parts, order))
    ticket = secrets.token_urlsafe(24)
    now = time.monotonic()
    for old in [one for one, (_, until) in parts.tickets.items() if until < now]:
        del parts.tickets[old]
    while len(parts.tickets) >= MOST:
        del parts.tickets[next(iter(parts.tickets))]
    parts.tickets[ticket] = page, now + LASTING
    return {"address": f"/reports/{ticket}"}


@pages.get("/reports/{ticket}")
def opened(ticket: str, parts: With) -> Response:
    """A report that was asked for.

    Raises:
        MissingError: it was opened already, or its time is over.
    """
    page, until = parts.tickets.pop(ticket, (b"", 0.0))
    if until < time.monotonic():
        raise places.MissingError("this report was opened already: ask for it again")
    return Response(page, media_type="text/html; charset=utf-8", headers={"content-security-policy": POLICY})


@router.get("/compare")
async def compared(one: Name, other: Name, parts: With) -> Any:
    """Two runs, studies of seeds, or moments: what differs in their recipes and figures, and which is better."""
    sides = [placed(parts, name, places.arm) for name in (one, other)]
    found = await parts.pool.run(lambda: compare(*sides))
    return found.as_json()


@router.get("/verdicts/{name:path}")
def verdict(name: str, parts: With, lang: Literal["en", "zh"] = "en") -> dict[str, Any]:
    """What a study of `condgan worth`, `cure` or `reproduce` has found so far; nothing before its end.

    Raises:
        CondganError: what it has found cannot be read.
    """
    folder, words = places.place(parts.settings, name), language.Words(lang)
    for file in VERDICTS:
        if (folder / file).is_file():
            kind = file.removesuffix(".json")
            return {"kind": kind, "found": found(folder / file) | said(folder, kind, words)}
    return {"kind": None, "found": None}


def found(path: Path) -> dict[str, Any]:
    """The content of a file of JSON.

    Raises:
        CondganError: it is damaged.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise CondganError(f"{path.name} is damaged: resume the study, which writes it again")
    return content


def said(folder: Path, kind: str, words: language.Words) -> dict[str, Any]:
    """The verdict of a study as a sentence of the language, and its ways in words; nothing where there is none.

    Raises:
        CondganError: it is damaged.
    """
    if kind == "worth":
        if (worth := kept.of_worth(folder)) is None:
            raise CondganError("worth.json is damaged: resume the study, which writes it again")
        table = [one.model_dump() | {"way": verdicts.way(one.way, words)} for one in worth.table]
        return {"sentence": verdicts.of_worth(worth, words), "table": table}
    if kind == "claims":
        listed = found(folder / "claims.json").get("claims")
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise CondganError("claims.json is damaged: resume the study, which writes it again")
        return {"claims": [claim(one, words) for one in listed]}
    if kind == "cure":
        if (cure := kept.of_cure(folder)) is None:
            raise CondganError("cure.json is damaged: resume the study, which writes it again")
        return {"sentence": verdicts.of_cure(cure, words), "verdict": studies.verdict(folder, kind)}
    return {}


def claim(told: dict[str, Any], words: language.Words) -> dict[str, str]:
    """A claim with its verdict: its name, what it says, the verdict as it was written and in words, its figure."""
    name, says, verdict, figure = (str(told.get(key) or "") for key in ("claim", "says", "verdict", "figure"))
    spoken = words.get(f"judged.{verdict}", verdict)
    return {
        "claim": name,
        "says": words.get(f"claim.{name}", says),
        "verdict": verdict,
        "word": spoken,
        "figure": figure,
    }


def placed(parts: Parts, name: str, place: Place = places.place) -> str:
    """The path of a run, a moment of it, or a study; or of what else ``place`` finds.

    Raises:
        MissingError: there is none.
    """
    folder, epoch = moment.parse(name)
    path = place(parts.settings, str(folder))
    return str(path) if epoch is None else f"{path}@{epoch}"


def written(parts: Parts, order: ReportOrder) -> bytes:
    """A report as a page of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        report(placed(parts, order.run), path, lang=order.lang, purpose=order.purpose, author=order.author)
        return path.read_bytes()
