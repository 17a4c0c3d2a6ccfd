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
    """A line ``data: {"changed": [names], "waiting": N}`` whenever runs, or what works on them, have changed.

    The page asks for what it shows, and for nothing else.
    """

    async def lines() -> AsyncIterator[str]:
        before: dict[str, float] | None = None
        working, waited, quiet = set[tuple[str, tuple[str, float | None, float | None]]](), -1, 0.0
        while not parts.ending.is_set() and not await request.is_disconnected():
            found = {one.name: one.changed for one in await asyncio.to_thread(parts.library.entries)}
            waiting, started = await asyncio.to_thread(lambda: (parts.queue.waiting(), parts.queue.started()))
            now = {(job.run, (job.id, job.begun, job.ended)) for job in (*waiting, *started)}
            known = before or found
            changed = [name for name, at in found.items() if known.get(name) != at]
            changed += sorted({name for name, _ in now ^ working} - {*changed}) if before is not None else []
            gone = [name for name in before or {} if name not in found]
            if before is None or changed or gone or len(waiting) != waited:
                yield f"data: {json.dumps({'changed': changed[:200], 'gone': gone[:200], 'waiting': len(waiting)})}\n\n"
                quiet = 0.0
            elif quiet > SILENCE:
                yield ": \n\n"
                quiet = 0.0
            before, working, waited, quiet = found, now, len(waiting), quiet + EVERY
            await asyncio.sleep(EVERY)

    return StreamingResponse(lines(), media_type="text/event-stream")
