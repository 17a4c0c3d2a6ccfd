"""What routes work with."""

import threading
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict

from condgan.studio.detail import Logs
from condgan.studio.generating import Models, Pool
from condgan.studio.library import Library
from condgan.studio.queue import Queue
from condgan.studio.settings import Settings


@dataclass(frozen=True)
class Parts:
    """The parts of a studio.

    Attributes:
        settings: of the studio.
        library: the runs and studies as cards.
        logs: those of the runs that were looked at last.
        models: generators in memory.
        pool: threads that draw.
        queue: trainings that wait.
        tickets: reports that wait to be opened, and until when.
        ending: set when the server is to end: answers that would go on for good come to their end.
    """

    settings: Settings
    library: Library
    logs: Logs
    models: Models
    pool: Pool
    queue: Queue
    tickets: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    ending: threading.Event = field(default_factory=threading.Event)


def of(request: Request) -> Parts:
    """The parts of the studio that was asked."""
    parts: Parts = request.app.state.parts
    return parts


With = Annotated[Parts, Depends(of)]
"""The parts, as an argument of a route."""


async def known(request: Request) -> None:
    """Refuse what a route does not know in its address, and what is there twice: neither would have any effect.

    Raises:
        RequestValidationError: with its name.
    """
    names = [one.alias for one in request.scope["route"].dependant.query_params]
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in names:
            problem = f"not known here: expected {', '.join(names) or 'nothing after the ?'}"
            raise RequestValidationError([{"loc": (name[:60],), "msg": problem}])
        if given.count(name) > 1:
            raise RequestValidationError([{"loc": (name,), "msg": "given twice: give one"}])


class Order(BaseModel):
    """The body of a request: nothing unknown in it, and nothing of another type, as true is for a number."""

    model_config = ConfigDict(extra="forbid", strict=True)
