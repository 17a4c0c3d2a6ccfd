"""Who may ask what: every request passes here first.

Another user of this machine can reach 127.0.0.1, and so can a page of another site in the user's own browser (DNS
rebinding, cross-site posts). So Host and Origin are checked, and what is private needs the token, which is sent in a
header: a browser never adds that by itself.
"""

import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from condgan.studio.settings import LOOPBACK, Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

API = "/api/v1/"
HEALTH, GENERATE, UPLOADS = f"{API}health", f"{API}generate", f"{API}uploads"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
MORE = {401: (b"www-authenticate", b"Bearer"), 429: (b"retry-after", b"1")}
"""Headers of refusals by their status."""
MOST_BODY = 1 << 20  # bytes of a request, but for uploads
MOST_UPLOAD = 1 << 30


class RefusedError(Exception):
    """A request that is not answered, with its status and one line."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass(frozen=True)
class Guard:
    """The middleware: refuses, bounds, and adds headers to every response."""

    app: "ASGIApp"
    settings: Settings

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        body, begun = Body(receive, most(scope["path"])), False

        async def sent(message: "Message") -> None:
            nonlocal begun
            if body.over and not begun:
                raise RefusedError(413, body.words())  # whatever the route made of a body that was cut
            if message["type"] == "http.response.start":
                begun = True
                given = {name.lower() for name, _ in message["headers"]}
                extra = HEADERS if not scope["path"].startswith(API) else HEADERS | {"cache-control": "no-store"}
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), value.encode()) for name, value in extra.items() if name.encode() not in given),
                ]
            await send(message)

        try:
            self.check(scope)
            await self.app(scope, body.receive, sent)
        except RefusedError as refused:
            if begun:
                raise
            body.over, content = False, json.dumps({"error": refused.text}).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
            headers += [MORE[refused.status]] if refused.status in MORE else []
            await sent({"type": "http.response.start", "status": refused.status, "headers": headers})
            await send({"type": "http.response.body", "body": content})

    def check(self, scope: "Scope") -> None:
        """Refuse a request from elsewhere, without the token, or too large.

        Raises:
            RefusedError: with the reason.
        """
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self.check_host(headers.get("host", ""))
        origin = headers.get("origin")
        if origin is not None and not self.is_ours(origin.partition("://")[2].partition("/")[0]):
            raise RefusedError(403, "a page of another site asked: open the studio's own page")
        path = scope["path"]
        if self.is_private(path) and not self.has_token(headers):
            raise RefusedError(401, f"this needs the token: send it as `Authorization: Bearer TOKEN`; {self.where()}")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > most(path):
            raise RefusedError(413, f"the request is too large: {most(path)} bytes at most")

    def check_host(self, host: str) -> None:
        """Raise RefusedError unless the request was sent to an address of this studio."""
        if not self.is_ours(host):
            raise RefusedError(421, "the request is for another host: use the address that the studio printed")

    def is_ours(self, host: str) -> bool:
        """Whether a host, with its port, is this studio; one that listens on every address cannot tell."""
        name, port = parted(host)
        if port not in (None, self.settings.port):
            return False
        if self.settings.local:
            return name in LOOPBACK
        return self.settings.host in ("0.0.0.0", "::") or name in (self.settings.host, *LOOPBACK)

    def is_private(self, path: str) -> bool:
        """Whether a path needs the token."""
        if not path.startswith("/api/"):
            return False
        return not (self.settings.local and path in (HEALTH, GENERATE))

    def has_token(self, headers: dict[str, str]) -> bool:
        """Whether the token was sent."""
        given = headers.get("authorization", "").removeprefix("Bearer ").strip()
        return hmac.compare_digest(given.encode("latin-1"), self.settings.token.encode())

    def where(self) -> str:
        """Where the token is to be found."""
        return "it is in the address that the studio printed, and in the file .studio/token of its folder of runs"


def most(path: str) -> int:
    """The bytes that a request for a path may have."""
    return MOST_UPLOAD if path.startswith(UPLOADS) else MOST_BODY


def parted(host: str) -> tuple[str, int | None]:
    """The name and the port of a host; a port that is no number is -1."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname or "", parts.port
    except ValueError:
        return "", -1


class Body:
    """The body of a request, which is refused as soon as it is longer than it may be."""

    def __init__(self, receive: "Receive", limit: int) -> None:
        self.given, self.limit, self.read, self.over = receive, limit, 0, False

    async def receive(self) -> "Message":
        """The next part of it.

        Raises:
            RefusedError: it is too long.
        """
        message = await self.given()
        self.read += len(message.get("body", b""))
        if self.read > self.limit:
            self.over = True
            raise RefusedError(413, self.words())
        return message

    def words(self) -> str:
        """Why it is refused."""
        return f"the request is too large: {self.limit} bytes at most"
