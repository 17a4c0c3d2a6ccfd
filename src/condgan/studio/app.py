"""The application: routes, the guard before them, and how errors become answers of one line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files

import numpy as np
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from condgan.errors import ArgumentError, CondganError, in_one_line
from condgan.generation import jobs
from condgan.generation.generator import SHIPPED
from condgan.storage.manifest import software
from condgan.studio import security
from condgan.studio.detail import Logs
from condgan.studio.generating import Models, Pool
from condgan.studio.library import Library
from condgan.studio.parts import Parts, known
from condgan.studio.places import ConflictError, MissingError
from condgan.studio.queue import Queue
from condgan.studio.routes import datasets, events, judging, reports, runs, sampling, training
from condgan.studio.security import Guard
from condgan.studio.settings import Settings

LOOK_EVERY = 1.0  # seconds between two looks at the queue
STATIC = files("condgan.studio") / "static"


def create(settings: Settings) -> FastAPI:
    """The application of a studio."""
    library = Library(settings.runs)
    parts = Parts(settings, library, Logs(), Models(settings), Pool(), Queue(settings, library))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(watch(parts.queue))
        warming = asyncio.create_task(asyncio.to_thread(warm, parts.models))
        try:
            yield
        finally:
            task.cancel()
            with suppress(CondganError):
                await warming
            parts.pool.close()

    app = FastAPI(
        title="condgan studio", version=software().split()[-1], lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url=f"{security.API}openapi.json",
    )  # fmt: skip
    app.state.parts = parts
    for module in (sampling, runs, training, datasets, judging, reports, events):
        app.include_router(module.router, prefix=security.API.rstrip("/"), dependencies=[Depends(known)])
    app.include_router(reports.pages)
    app.add_exception_handler(CondganError, told)
    app.add_exception_handler(RequestValidationError, told)
    app.add_exception_handler(HTTPException, told)
    app.add_exception_handler(OSError, told)
    app.add_middleware(Guard, settings=settings)

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(str(STATIC / "index.html"), headers={"cache-control": "no-cache"})

    app.mount("/static", StaticFiles(packages=[("condgan.studio", "static")]), name="static")
    return app


async def watch(queue: Queue) -> None:
    """Start what may start, for as long as the server lives."""
    while True:
        with suppress(CondganError, OSError):
            await asyncio.to_thread(queue.look)
        await asyncio.sleep(LOOK_EVERY)


def warm(models: Models) -> None:
    """Draw a picture, so that the first one that is asked for does not wait for imports.

    Raises:
        CondganError: the generator in the package is damaged.
    """
    source = models.get(SHIPPED[0])
    jobs.row(source.recipe, source.domain, np.zeros(1, np.int64), 0).draw(source)


async def told(request: Request, error: Exception) -> Response:
    """An error as ``{"error": one line}``, with the field that it is about where there is one."""
    status, text, field = 400, str(error), dict[str, str]()
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        where = in_one_line(".".join(str(part) for part in first["loc"] if part != "body"))
        status, text, field = 422, f"{where or 'the request'}: {first['msg']}", {"field": where}
    elif isinstance(error, HTTPException):
        status, text = error.status_code, str(error.detail)
    elif isinstance(error, OSError):
        status, text = 500, f"{error.strerror or error}"
    elif isinstance(error, MissingError | ConflictError):
        status = 404 if isinstance(error, MissingError) else 409
    if isinstance(error, ArgumentError):
        field = {"field": error.argument}
    return JSONResponse({"error": in_one_line(text), **field}, status)
