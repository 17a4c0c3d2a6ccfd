"""Start a studio: its token, its address, its server."""

import ctypes
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from condgan import arguments
from condgan.errors import ArgumentError, CondganError
from condgan.marks import keys
from condgan.studio.settings import Settings, kept_token

PORT = 8420
M_ARENA_MAX = -8  # as in glibc's malloc.h
GRACE = 10  # seconds that answers have which are under way at the end


def serve(
    runs: str | Path = "runs",
    data: tuple[str | Path, ...] = (),
    host: str = "127.0.0.1",
    port: int = PORT,
    browser: bool = True,
    watermark: str | Path | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the studio until it is interrupted.

    Args:
        runs: the folder of runs; it is created.
        data: folders and files that may be trained on.
        host, port: where it listens; port 0: any free one.
        browser: whether to open the page.
        watermark: a key file: all generated pictures that it hands out get its invisible mark.
        say: is told the address.

    Raises:
        CondganError: a package is missing, the port is taken, a folder is missing or cannot be written, or the key
            cannot be read.
    """
    try:
        import uvicorn

        from condgan.studio.app import create
    except ImportError as error:
        raise CondganError(f"the studio needs {error.name}: pip install condgan[studio]") from None
    keep_memory_flat()
    key = keys.of(watermark, say)
    places = tuple(arguments.path("data", place) for place in data)
    for place in places:
        if not place.exists():
            raise ArgumentError("data", place, "nothing is there")
    folder, shown = arguments.path("runs", runs), tuple(place.absolute() for place in places)
    with bound(host, arguments.integer("port", port, 0, 65535)) as listening:
        known = kept_token(folder)
        again = {} if known is None else {"token": known}
        settings = Settings(folder.absolute(), shown, host, listening.getsockname()[1], watermark=key, **again)
        token = settings.write_token()
        address = f"{settings.address}/#token={settings.token}"
        say(f"The studio of {folder}: {address}")
        say(f"The token is in {token} too. Ctrl-C ends the studio; trainings go on.")
        if key is not None:
            say(f"Generated pictures get the mark of key {key.fingerprint}.")
        if browser:
            webbrowser.open(address)
        app = create(settings)

        class Server(uvicorn.Server):
            """It tells the pages that are open, which would hold it otherwise."""

            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                app.state.parts.ending.set()
                super().handle_exit(sig, frame)

        config = uvicorn.Config(
            app, log_level="warning", lifespan="on", server_header=False, timeout_graceful_shutdown=GRACE
        )
        Server(config).run(sockets=[listening])


def keep_memory_flat() -> None:
    """Let all threads share two heaps of the C library, where that is glibc.

    It gives each thread one of its own, and what one frees the others cannot use: a server that draws in many threads
    would grow for as long as it draws.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there.

    Raises:
        CondganError: it cannot.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except (OSError, UnicodeError) as error:
        found.close()
        why = getattr(error, "strerror", None) or error
        raise CondganError(f"cannot listen on {host}, port {port} ({why}): name another `port` or `host`") from None
    found.listen(512)
    return found
