"""Real or fake: people judge pictures, and which of two runs is better. No judge sees what is what before the end."""

import io
import secrets
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Response
from PIL import Image
from pydantic import Field

from condgan.errors import ArgumentError, CondganError
from condgan.evaluation import judging, people
from condgan.evaluation.people import FAKE, REAL, Item
from condgan.metrics.people import START, exposures, share
from condgan.pictures import images
from condgan.results.judgements import Judgements, Session
from condgan.storage.pictures import Pixels
from condgan.studio import places
from condgan.studio.parts import Order, With

router = APIRouter(tags=["judging"])
SIDE = 224  # pixels, at least, of a picture that is judged
PREFERENCES = "preferences.sqlite"
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Begin(Order):
    """A session of a judge."""

    judge: Name
    kind: Literal["infinity", "time"] = "infinity"
    """Unlimited time, or exposures that get shorter as answers are right."""
    count: Annotated[int, Field(ge=10, le=400)] = 50


class BeginPreference(Order):
    """A session that compares two runs."""

    one: Annotated[str, Field(max_length=300)]
    other: Annotated[str, Field(max_length=300)]
    judge: Name
    count: Annotated[int, Field(ge=5, le=200)] = 20


class Given(Order):
    """An answer."""

    number: Annotated[int, Field(ge=0, le=1000)]
    answer: Literal["real", "fake", "left", "right"]
    milliseconds: Annotated[int, Field(ge=0, le=3_600_000)]


@router.post("/judgements/{name:path}/sessions", status_code=201)
def begin(name: str, order: Begin, parts: With) -> dict[str, Any]:
    """Begin to judge a run's pictures.

    Raises:
        CondganError: no such run, no checkpoint, no test images, or no classes.
    """
    run = places.run(parts.settings, name)
    told = judging.planned(judging.pool(run.folder).labels, order.count)
    session = Session(secrets.token_urlsafe(12), order.kind, order.judge, name, told, {})
    people.judgements(run).begin(session)
    return {"session": session.id, "count": len(told), "milliseconds": START if order.kind == "time" else None}


@router.get("/judgements/{name:path}/sessions/{session}/pictures/{number}", response_class=Response)
def picture(name: str, session: str, number: int, parts: With) -> Response:
    """A picture that is to be judged: its bytes say nothing of what it is."""
    run = places.run(parts.settings, name)
    found = opened(people.judgements(run), session)
    item = Item.parse(at(found.items, number))
    return plain(judging.pool(run.folder).image(item, parts.models.get(name).generator))


@router.post("/judgements/{name:path}/sessions/{session}/answers")
def answer(name: str, session: str, given: Given, parts: With) -> dict[str, Any]:
    """Keep an answer -> how many are left, and how long the next picture is to be shown."""
    if given.answer not in (REAL, FAKE):
        raise ArgumentError("answer", given.answer, "expected real or fake")
    kept = people.judgements(places.run(parts.settings, name))
    kept.answer(session, given.number, given.answer, given.milliseconds)
    found = opened(kept, session)
    shown = exposures(people.rights(found))[-1] if found.kind == "time" else None
    return {"left": len(found.items) - len(found.answers), "milliseconds": shown}


@router.get("/judgements/{name:path}/sessions/{session}")
def result(name: str, session: str, parts: With) -> dict[str, Any]:
    """What a session has shown, once it has ended: what each picture was, and how many were told right.

    Raises:
        CondganError: it has not ended.
    """
    found = opened(people.judgements(places.run(parts.settings, name)), session)
    if not found.ended:
        return {"ended": False, "left": len(found.items) - len(found.answers)}
    summary = people.summary([found])
    items = [Item.parse(text) for text in found.items]
    told = [
        {"number": number, "was": item.what, "label": item.label, "answer": found.answers[number][0]}
        for number, item in enumerate(items)
    ]
    return {"ended": True, "pictures": told, "summary": None if summary is None else summary.as_json()}


@router.get("/judgements/{name:path}/csv", response_class=Response)
def table(name: str, parts: With) -> Response:
    """All answers to a run's pictures, a line for each."""
    return as_csv(people.judgements(places.run(parts.settings, name)))


@router.get("/judgements/{name:path}")
def judged(name: str, parts: With) -> dict[str, Any]:
    """What people said of a run."""
    found = people.of_run(places.run(parts.settings, name))
    return {"run": name, "people": None if found is None else found.as_json()}


@router.post("/preferences", status_code=201)
def prefer(order: BeginPreference, parts: With) -> dict[str, Any]:
    """Begin to compare two runs: pairs of pictures of the same class and seed, the sides drawn."""
    models = [parts.models.get(one) for one in (order.one, order.other)]
    if models[0].domain.class_names != models[1].domain.class_names or not models[0].recipe.conditional:
        raise CondganError("the two have other classes: choose runs of the same data")
    items = judging.paired(models[0].domain.class_names, order.count)
    session = Session(secrets.token_urlsafe(12), "preference", order.judge, f"{order.one}\n{order.other}", items, {})
    preferences(parts).begin(session)
    return {"session": session.id, "count": len(items)}


@router.get("/preferences/{session}/pictures/{number}/{side}", response_class=Response)
def one_side(session: str, number: int, side: Literal["left", "right"], parts: With) -> Response:
    """One of two pictures."""
    found = opened(preferences(parts), session)
    at(found.items, number)
    one, other = (parts.models.get(name).generator for name in found.subject.split("\n"))
    return plain(judging.one_of_pair(found, number, side == "right", (one, other)))


@router.post("/preferences/{session}/answers")
def preferred(session: str, given: Given, parts: With) -> dict[str, Any]:
    """Keep which of the two is better."""
    if given.answer not in ("left", "right"):
        raise ArgumentError("answer", given.answer, "expected left or right")
    kept = preferences(parts)
    kept.answer(session, given.number, given.answer, given.milliseconds)
    found = opened(kept, session)
    return {"left": len(found.items) - len(found.answers)}


@router.get("/preferences")
def rates(parts: With) -> dict[str, Any]:
    """How often the first of each pair of runs was preferred, with its interval."""
    won: dict[str, list[bool]] = {}
    for one in preferences(parts).sessions("preference"):
        won.setdefault(one.subject, []).extend(judging.first_preferred(one))
    found = [
        {"one": pair.split("\n")[0], "other": pair.split("\n")[1], "preferred": share(sum(wins), len(wins))}
        for pair, wins in won.items()
    ]
    return {"preferences": found}


@router.get("/preferences/{session}/left")
def left(session: str, parts: With) -> dict[str, int]:
    """How many pairs of a session are left."""
    found = opened(preferences(parts), session)
    return {"left": len(found.items) - len(found.answers)}


@router.get("/preferences/csv", response_class=Response)
def preference_table(parts: With) -> Response:
    """All answers, a line for each."""
    return as_csv(preferences(parts))


def preferences(parts: With) -> Judgements:
    """Those of the folder of runs."""
    return Judgements(parts.settings.runs / PREFERENCES)


def opened(kept: Judgements, session: str) -> Session:
    """A session.

    Raises:
        MissingError: there is none of this id.
    """
    found = kept.session(session)
    if found is None:
        raise places.MissingError("no such session: begin again")
    return found


def at(items: tuple[str, ...], number: int) -> str:
    """The item of a number.

    Raises:
        MissingError: there is none.
    """
    if not 0 <= number < len(items):
        raise places.MissingError(f"no picture {number}: there are {len(items)}")
    return items[number]


def plain(image: Pixels) -> Response:
    """An image (C, H, W) as a PNG that says nothing of itself, enlarged; the same for real and generated ones."""
    scale = max(1, -(-SIDE // max(image.shape[1:])))
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(images.row(image[None], scale))).save(out, "PNG")
    return Response(out.getvalue(), media_type="image/png")


def as_csv(kept: Judgements) -> Response:
    """A table as a download."""
    return Response(
        kept.csv(), media_type="text/csv", headers={"content-disposition": "attachment; filename=judgements.csv"}
    )
