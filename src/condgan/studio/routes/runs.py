"""Runs and studies: cards, the page of one, its files, and what stops it or goes on with it."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from condgan.diagnosis import alarms
from condgan.diagnosis.diagnosis import diagnose
from condgan.experiments.study import JOURNAL, Study
from condgan.recipe.text import differences
from condgan.reports.language import Words
from condgan.runs.run import Run
from condgan.studio import detail, places, queue, studies
from condgan.studio.parts import With
from condgan.studio.places import ConflictError
from condgan.studio.queue import Job

router = APIRouter(tags=["runs"])
SHOWN = {".png": "image/png", ".gif": "image/gif", ".json": "application/json", ".jsonl": "text/plain"}
STATUS = "status.json"
Language = Literal["en", "zh"]
Sort = Literal["newest", "name", "label_accuracy", "fid", "recall", "coverage"]


@router.get("/runs")
def listed(
    parts: With,
    search: Annotated[str, Query(max_length=200)] = "",
    state: Literal["", "running", "stopped", "finished", "diverged", "killed", "open", "damaged"] = "",
    sort: Sort = "newest",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 48,
) -> dict[str, Any]:
    """Runs and studies as cards, and what waits."""
    page = parts.library.page(search, state, sort, offset, limit)
    waiting = [
        {"id": job.id, "run": job.run, "command": " ".join(["condgan", *job.words])} for job in parts.queue.waiting()
    ]
    measured = parts.queue.evaluating()
    cards = [card | {"evaluating": shown(measured.get(card["name"]))} for card in page["runs"]]
    return {**page, "runs": cards, "waiting": waiting, "failed": [asdict(job) for job in parts.queue.failed()]}


@router.get("/runs/{name:path}/series")
def series(
    name: str, parts: With, points: Annotated[int, Query(ge=10, le=5000)] = detail.POINTS, lang: Language = "en"
) -> dict[str, Any]:
    """Figures over time: columns of means, evaluations, alarms."""
    return detail.series(parts.logs.read(places.run(parts.settings, name)), Words(lang), points)


@router.get("/runs/{name:path}/diagnosis")
async def diagnosis(name: str, parts: With, pictures: bool = False, lang: Language = "en") -> dict[str, Any]:
    """What went wrong and what may help, by the log; with ``pictures``, by generated images too, which takes longer."""
    run = places.run(parts.settings, name)
    recipe = run.recipe
    if pictures:
        told = await parts.pool.run(lambda: diagnose(run.folder))
        return told.as_json(name) | {"findings": detail.findings(recipe, told.findings, Words(lang))}
    found = alarms.ordered(alarms.from_log(recipe, parts.logs.read(run)))
    return {"run": name, "findings": detail.findings(recipe, found, Words(lang))}


@router.get("/runs/{name:path}/differences")
def compared(name: str, against: str, parts: With) -> dict[str, Any]:
    """How the recipe differs from that of another run, as ``section.field=value``: of the one, of the other."""
    one, other = (places.run(parts.settings, given).recipe for given in (name, against))
    return {"one": [*differences(one, other)], "other": [*differences(other, one)]}


@router.get("/runs/{name:path}/files/{inner:path}", response_class=FileResponse)
def file(name: str, inner: str, parts: With) -> FileResponse:
    """A file of a run or study; what is no picture or JSON is a download."""
    path = places.file(parts.settings, name, inner)
    kind = SHOWN.get(path.suffix)
    return FileResponse(path, media_type=kind or "application/octet-stream", filename=None if kind else path.name)


@router.post("/runs/{name:path}/pause", status_code=202)
def pause(name: str, parts: With) -> dict[str, str]:
    """Ask a training to save and stop.

    Raises:
        ConflictError: it does not run.
    """
    run = places.run(parts.settings, name)
    if (state := run.status.state) != "running":
        raise ConflictError("run", name, f"it is {state}: only what runs can be paused")
    run.stop_file.touch()
    return {"run": name}


@router.post("/runs/{name:path}/resume", status_code=202)
def resume(name: str, parts: With) -> dict[str, str]:
    """Let a training go on when its turn comes.

    Raises:
        ConflictError: it runs, or has come to its end.
    """
    folder = places.place(parts.settings, name)
    if (folder / "recipe.json").is_file() and (state := Run(folder).status.state) in ("running", "finished"):
        raise ConflictError("run", name, f"it is {state}: only what has stopped goes on")
    return {"job": parts.queue.add(("resume", str(folder)), name).id}


@router.post("/runs/{name:path}/evaluate", status_code=202)
def evaluate(name: str, parts: With) -> dict[str, str]:
    """Measure a run on test images when its turn comes."""
    run = places.run(parts.settings, name)
    if name in parts.queue.evaluating():
        raise ConflictError("run", name, "it is being evaluated already: wait, or cancel that")
    return {"job": parts.queue.add(("evaluate", str(run.folder)), name).id}


@router.get("/runs/{name:path}")
def one(name: str, parts: With) -> dict[str, Any]:
    """Status, recipe, grids, files and figures of a run; trainings and their outcomes of a study."""
    folder = places.place(parts.settings, name)
    if not (folder / "recipe.json").is_file():
        study = Study.open(folder)
        cards = parts.library.trials(name, study.read()[0])
        files = [
            {"file": path.name, "bytes": path.stat().st_size} for path in sorted(folder.glob("[!.]*")) if path.is_file()
        ]
        told = studies.detail(study, cards, parts.settings.runs)
        return {
            "name": name,
            "kind": "study",
            **told,
            "files": files,
            "turn": None if told["at_work"] else turn(parts.queue, name),
        }
    run = places.run(parts.settings, name)
    found = detail.detail(run, parts.logs.read(run))
    return {
        "name": name,
        "kind": "run",
        **found,
        "evaluation": detail.evaluation(run),
        "people": detail.judged(run),
        "said": parts.queue.said(name, evaluates=False),
        "evaluating": shown(parts.queue.evaluating().get(name)),
        "evaluation_said": parts.queue.said(name, evaluates=True),
        "studies": parts.library.beside(name),
        "turn": turn(parts.queue, name),
    }


def turn(jobs: queue.Queue, run: str) -> dict[str, Any] | None:
    """The training of a run that was ordered and has not begun: its job, and how many wait before it; else none."""
    for ahead, job in enumerate(jobs.waiting()):
        if job.run == run and not job.evaluates:
            return {"id": job.id, "ahead": ahead, "started": False}
    written = [path for name in (STATUS, JOURNAL) if (path := jobs.settings.runs / run / name).is_file()]
    for job in jobs.started():
        begun = any(path.stat().st_mtime > (job.begun or job.asked) for path in written)
        if job.run == run and not job.evaluates and not begun and jobs.is_alive(job):
            return {"id": job.id, "ahead": 0, "started": True}
    return None


def shown(job: Job | None) -> dict[str, Any] | None:
    """A job as far as a page needs it."""
    return None if job is None else job.shown()
