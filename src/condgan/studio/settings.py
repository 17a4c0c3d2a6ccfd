"""What a studio serves, and where it keeps its own files."""

import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from condgan.errors import CondganError
from condgan.marks.keys import Key

HIDDEN = ".studio"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Settings:
    """Of one studio.

    Attributes:
        runs: the folder of the runs that it shows, and where it trains.
        data: folders and files that may be trained on, besides what is built in and what was uploaded.
        host, port: where it listens.
        token: whoever knows it may start, stop, upload and judge.
        watermark: the key whose mark all generated pictures get that it hands out.
    """

    runs: Path
    data: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8420
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    watermark: Key | None = None

    @property
    def own(self) -> Path:
        """The folder of its own files: token, queue, uploads, judgements."""
        return self.runs / HIDDEN

    @property
    def uploads(self) -> Path:
        """Where datasets lie that were dropped onto the page."""
        return self.own / "uploads"

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK

    @property
    def address(self) -> str:
        """The address of its page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def write_token(self) -> Path:
        """Write the token into a file that only its owner can read, and that the next start takes again.

        Raises:
            CondganError: it cannot be written.
        """
        path = self.own / "token"
        try:
            self.own.mkdir(parents=True, exist_ok=True)
            self.own.chmod(0o700)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
                os.chmod(path, 0o600)  # of a file that was there before
                file.write(f"{self.token}\n")
        except OSError as error:
            raise CondganError(f"cannot write in {self.runs} ({error.strerror}): name another folder of runs") from None
        return path


def kept_token(runs: Path) -> str | None:
    """The token of an earlier start on this folder, if its owner alone could read it: an open page stays of use."""
    path = runs / HIDDEN / "token"
    try:
        found, text = path.lstat(), path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    private = stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o600 and found.st_uid == os.getuid()
    return text if private and re.fullmatch(r"[\w-]{32}", text) else None
