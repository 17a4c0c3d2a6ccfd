"""What changes, as it changes: server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from condgan.studio.parts import With

router = APIRouter(tags=["events"])
EVERY = 1.0  # seconds
SILENCE = 15.0  # after which a line shows that the connection is alive


@router.get("/events", response_class=StreamingResponse)
async def events(request: Request, parts: With) -> StreamingResponse:
    """A line ``data: {"changed": [names], "waiting": N}`` whenever runs or the queue have changed.

    The page asks for what it shows, and for nothing else.
    """

    async def lines() -> AsyncIterator[str]:
        before: dict[str, float] | None = None
        waited, quiet = -1, 0.0
        while not parts.ending.is_set() and not await request.is_disconnected():
            found = {one.name: one.changed for one in await asyncio.to_thread(parts.library.entries)}
            waiting = len(await asyncio.to_thread(parts.queue.waiting))
            changed = [name for name, at in found.items() if before is not None and before.get(name) != at]
            gone = [name for name in before or {} if name not in found]
            if before is None or changed or gone or waiting != waited:
                yield f"data: {json.dumps({'changed': changed[:200], 'gone': gone[:200], 'waiting': waiting})}\n\n"
                quiet = 0.0
            elif quiet > SILENCE:
                yield ": \n\n"
                quiet = 0.0
            before, waited, quiet = found, waiting, quiet + EVERY
            await asyncio.sleep(EVERY)

    return StreamingResponse(lines(), media_type="text/event-stream")
