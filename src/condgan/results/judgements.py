"""What people answered, in SQLite: several may judge at the same time, and a kill loses no answer."""

import csv
import io
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condgan.errors import CondganError

FILE = "judgements.sqlite"
FORMAT = 1
PATIENCE = 20.0  # seconds that a writer waits for another
TABLES = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, judge TEXT NOT NULL, subject TEXT NOT NULL, items TEXT NOT NULL,
    began TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) STRICT;
CREATE TABLE IF NOT EXISTS answers (
    session TEXT NOT NULL REFERENCES sessions (id), number INTEGER NOT NULL, answer TEXT NOT NULL,
    milliseconds INTEGER NOT NULL, at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (session, number)
) STRICT;
"""
COLUMNS = ("session", "kind", "judge", "subject", "number", "item", "answer", "milliseconds")


@dataclass(frozen=True)
class Session:
    """What one judge is shown, in order.

    Attributes:
        id: of the session; who knows it may answer.
        kind: ``infinity``, ``time`` or ``preference``.
        judge: the name that was given.
        subject: the generator, or the two that are compared.
        items: of each picture, what it is.
        answers: so far, by number: the answer, and how long it took in milliseconds.
    """

    id: str
    kind: str
    judge: str
    subject: str
    items: tuple[str, ...]
    answers: Mapping[int, tuple[str, int]]

    @property
    def ended(self) -> bool:
        """Whether every picture was judged."""
        return len(self.answers) == len(self.items)


class Judgements:
    """The sessions and answers in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def opened(self, write: bool) -> Iterator[sqlite3.Connection]:
        """A connection with one transaction; it is kept as a whole, or not at all.

        Raises:
            CondganError: the file is damaged, of a newer version, or cannot be written.
        """
        try:
            if write:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            try:
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version > FORMAT:
                    raise CondganError(f"{self.path} is of a newer version: update condgan")
                if write:
                    connection.execute("BEGIN IMMEDIATE")
                    for statement in TABLES.split(";"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {FORMAT}")
                yield connection
                if write:
                    connection.execute("COMMIT")
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise CondganError(f"{self.path}: {error}: restore it, or move it away") from None

    def begin(self, session: Session) -> None:
        """Keep a new session, before anything is judged."""
        row = (session.id, session.kind, session.judge, session.subject, json.dumps(session.items))
        with self.opened(True) as connection:
            connection.execute("INSERT INTO sessions (id, kind, judge, subject, items) VALUES (?, ?, ?, ?, ?)", row)

    def answer(self, session: str, number: int, answer: str, milliseconds: int) -> None:
        """Keep an answer; the first one to a picture stays.

        Raises:
            CondganError: there is no such session or picture.
        """
        with self.opened(True) as connection:
            found = connection.execute("SELECT items FROM sessions WHERE id = ?", (session,)).fetchone()
            if found is None or not 0 <= number < len(json.loads(found[0])):
                raise CondganError("no such session or picture: begin again")
            connection.execute(
                "INSERT OR IGNORE INTO answers (session, number, answer, milliseconds) VALUES (?, ?, ?, ?)",
                (session, number, answer, milliseconds),
            )

    def sessions(self, kind: str | None = None) -> list[Session]:
        """All sessions in the order of their beginning, or those of a kind."""
        if not self.path.is_file():
            return []
        with self.opened(False) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone():
                return []
            rows = connection.execute(
                "SELECT id, kind, judge, subject, items FROM sessions WHERE ? IS NULL OR kind = ? ORDER BY rowid",
                (kind, kind),
            ).fetchall()
            answers: dict[str, dict[int, tuple[str, int]]] = {}
            for session, number, answer, milliseconds in connection.execute(
                "SELECT session, number, answer, milliseconds FROM answers ORDER BY session, number"
            ):
                answers.setdefault(session, {})[number] = answer, milliseconds
        return [
            Session(one, what, judge, subject, tuple(json.loads(items)), answers.get(one, {}))
            for one, what, judge, subject, items in rows
        ]

    def session(self, session: str) -> Session | None:
        """The session of an id."""
        return next((one for one in self.sessions() if one.id == session), None)

    def csv(self) -> str:
        """All answers as a table, a line for each."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in self.sessions():
            for number, (answer, milliseconds) in sorted(one.answers.items()):
                row: Sequence[Any] = (
                    one.id, one.kind, one.judge, one.subject, number, one.items[number], answer, milliseconds
                )  # fmt: skip
                writer.writerow([harmless(value) for value in row])
        return out.getvalue()


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) else value
