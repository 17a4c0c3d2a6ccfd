"""The studio under load: pictures on request, a long list of runs, a training that is watched; all on one machine."""

import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

HELP = """Ask a studio for rows of eight digits as PNG: 32 connections that each ask again at once, then at fixed times.

Every picture is compared with that of its seed. The baseline is the health page under the same client.
"""
SEEDS = 97  # different requests
LABELS = "20261128"


class Connection:
    """A connection that asks again and again: HTTP/1.1 in a few lines, so that the client costs little."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __aenter__(self) -> "Connection":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(self, method: str, path: str, body: bytes = b"", token: str = "") -> tuple[int, bytes]:
        """Status and body of an answer."""
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\ncontent-length: {len(body)}\r\n"
        head += "content-type: application/json\r\n" + (f"authorization: Bearer {token}\r\n" if token else "")
        self.writer.write(head.encode() + b"\r\n" + body)
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length"))
        return int(lines[0].split()[1]), await self.reader.readexactly(length)


Ask = Callable[[Connection, int], Awaitable[None]]


async def closed(port: int, connections: int, count: int, ask: Ask) -> tuple[float, list[float]]:
    """Each connection asks again as soon as it has its answer -> seconds, and milliseconds of each request."""
    numbers, times = iter(range(count)), list[float]()

    async def one() -> None:
        async with Connection(port) as connection:
            for number in numbers:
                began = time.perf_counter()
                await ask(connection, number)
                times.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return time.perf_counter() - began, times


async def paced(port: int, rate: float, count: int, ask: Ask) -> list[float]:
    """Requests at fixed times, whatever becomes of earlier ones -> milliseconds from when each was due."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    times, began = list[float](), time.perf_counter()

    async def one(number: int) -> None:
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        connection = free.get_nowait() if not free.empty() else await Connection(port).__aenter__()
        await ask(connection, number)
        times.append(1000 * (time.perf_counter() - due))
        free.put_nowait(connection)

    await asyncio.gather(*(one(number) for number in range(count)))
    return times


def fake_runs(folder: Path, count: int) -> None:
    """So many run folders, with a status and a short log each."""
    from condgan import recipes
    from condgan.recipe.text import to_json

    text = to_json(recipes.get("cgan-lsgan"))
    line = json.dumps({"step": 50, "images": 3200, "epoch": 0.1, "d_loss": 0.1, "g_loss": 0.9, "seconds": 1.0})
    for number in range(count):
        run = folder / f"run-{number:05d}"
        run.mkdir(parents=True)
        (run / "recipe.json").write_text(text)
        (run / "status.json").write_text('{"state": "finished", "step": 50, "epoch": 0.1}')
        (run / "log.jsonl").write_text(f"{line}\n" * 100)


def resident(process: int) -> float:
    """The memory of a process in MiB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def spent(process: int) -> float:
    """The CPU seconds of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def watched(port: int, token: str, run: str, seconds: float) -> int:
    """Ask what the page of a run asks: all of it whenever the events name the run -> how often that was."""
    head = f"GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode())
    times = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for line in reader:
                if f'"{run}"'.encode() in line:
                    times += 1
                    async with Connection(port) as connection:
                        for path in ("", "/series?points=600", "/diagnosis"):
                            await connection.ask("GET", f"/api/v1/runs/{run}{path}", token=token)
    writer.close()
    return times


def watching(folder: Path, port: int, token: str, server: int, seconds: float) -> dict[str, Any]:
    """What a running training costs the server: the share of a core while its page is open, and while none is."""
    words = ["train", "cgan-lsgan", "--run", str(folder / "watched"), "evaluation.every=none", "machine.threads=1"]
    training = subprocess.Popen([sys.executable, "-m", "condgan", *words], stdout=subprocess.DEVNULL)
    try:
        while not (folder / "watched" / "log.jsonl").is_file():
            time.sleep(1)
        shares = list[float]()
        for watch in (lambda: asyncio.run(watched(port, token, "watched", seconds)), lambda: time.sleep(seconds)):
            before = spent(server)
            told = watch()
            shares.append(round(100 * (spent(server) - before) / seconds, 2))
            assert told != 0
        return {"watching, % of a core": shares}
    finally:
        training.terminate()
        training.wait()


def main(
    requests: Annotated[int, typer.Option(help="Pictures in the closed loop.")] = 10_000,
    connections: Annotated[int, typer.Option(help="Of the closed loop.")] = 32,
    rate: Annotated[float, typer.Option(help="Requests a second at fixed times.")] = 100,
    runs: Annotated[int, typer.Option(help="Run folders in the list.")] = 2000,
    seconds: Annotated[float, typer.Option(help="For which a training is watched.")] = 60,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
) -> None:
    import condgan

    generator = condgan.load("mnist")
    rows = {seed: np.concatenate(list(generator.sample(LABELS, seed=seed)[:, 0]), axis=1) for seed in range(SEEDS)}
    found: dict[str, Any] = {}
    wrong = 0

    async def ask(connection: Connection, number: int) -> None:
        nonlocal wrong
        order = json.dumps({"labels": LABELS, "seed": number % SEEDS, "scale": 1}).encode()
        status, content = await connection.ask("POST", "/api/v1/generate", order)
        same = status == 200 and np.array_equal(np.asarray(Image.open(io.BytesIO(content))), rows[number % SEEDS])
        wrong += not same

    async def health(connection: Connection, number: int) -> None:
        await connection.ask("GET", "/api/v1/health")

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "runs"
        fake_runs(folder, runs)
        words = ["studio", "--runs", str(folder), "--port", "0", "--no-browser"]
        process = subprocess.Popen([sys.executable, "-m", "condgan", *words], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            port, token = process.stdout.readline().split()[-1].rsplit(":", 1)[1].split("/#token=")
            asyncio.run(closed(int(port), 4, 200, ask))  # warm
            took, times = asyncio.run(closed(int(port), connections, requests // 5, health))
            found["health/s"] = round(requests // 5 / took, 1)
            asyncio.run(closed(int(port), connections, requests // 5, ask))  # as many threads as there will be
            before = resident(process.pid)
            took, times = asyncio.run(closed(int(port), connections, requests, ask))
            found |= {
                "pictures/s": round(requests / took, 1),
                "p50 ms": round(float(np.percentile(times, 50)), 1),
                "p99 ms": round(float(np.percentile(times, 99)), 1),
                "memory MiB": [round(before), round(resident(process.pid))],
            }
            times = asyncio.run(paced(int(port), rate, int(rate * 20), ask))
            found[f"p99 ms at {rate:g}/s"] = round(float(np.percentile(times, 99)), 1)
            found["lost or wrong"] = wrong

            async def listed(connection: Connection, number: int) -> None:
                status, content = await connection.ask("GET", "/api/v1/runs", token=token)
                assert status == 200
                assert json.loads(content)["total"] == runs

            _, times = asyncio.run(closed(int(port), 1, 5, listed))
            found[f"list of {runs} ms"] = [round(times[0], 1), round(float(np.median(times[1:])), 1)]
            if seconds:
                found |= watching(folder, int(port), token.strip(), process.pid, seconds)
        finally:
            process.kill()
            process.communicate()
    found["pictures/health"] = round(found["pictures/s"] / found["health/s"], 3)
    for what, value in found.items():
        print(f"{what:20} {value}")
    if json_path is not None:
        json_path.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP)(main)
    app()
