"""Measures moments of trainings in several processes: each takes its share, and every figure is kept at once.

``in_processes`` starts them as ``python -m condgan.claims.measuring``. They end when their parent is gone.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from condgan import threads
from condgan.claims import arms
from condgan.claims.arms import Budget
from condgan.claims.evidence import Evidence, MissingError
from condgan.experiments.study import Study
from condgan.generation.run import Run

POLL = 0.2  # seconds between two looks at the processes
Moment = tuple[str, int]
"""A training's name within its study, and an epoch."""


def missing(evidence: Evidence, names: Sequence[str]) -> list[Moment]:
    """The moments of these arms' finished trainings that were kept and not measured, the last ones first."""
    found: list[Moment] = []
    for name in names:
        for run in evidence.having(name):
            kept = {*run.epochs(), evidence.last(name)}
            unmeasured = [
                epoch
                for epoch in arms.get(name).measured(evidence.budget)
                if epoch in kept and not evidence.place(run, epoch).is_file()
            ]
            found += [(str(run.folder.relative_to(evidence.study.folder)), epoch) for epoch in unmeasured]
    return sorted(found, key=lambda moment: -moment[1])


def in_processes(evidence: Evidence, moments: Sequence[Moment], workers: int) -> None:
    """Measure moments in so many processes; a moment that cannot be measured is left to whoever asks for it."""
    workers = min(workers, len(moments))
    if workers < 2:
        return
    environment = dict(os.environ) | dict.fromkeys(threads.USERS_SETTING, str(max(1, threads.cores() // workers)))
    places = [evidence.place(Run(evidence.study.folder / name), epoch) for name, epoch in moments]
    processes = []
    try:
        for share in range(workers):
            order = {
                "study": str(evidence.study.folder), "budget": evidence.budget, "moments": moments[share::workers],
                "parent": os.getpid(),
            }  # fmt: skip
            command = [sys.executable, "-m", "condgan.claims.measuring", json.dumps(order)]
            processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
        said = -1
        while any(process.poll() is None for process in processes):
            if (done := sum(place.is_file() for place in places)) > said:
                said = done
                evidence.say(f"measured {done} of {len(places)} moments of trainings")
            time.sleep(POLL)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main() -> None:
    """Measure the moments of an order, one after the other."""
    order = json.loads(sys.argv[1])
    budget: Budget = order["budget"]
    evidence = Evidence(Study(Path(order["study"])), budget)
    for name, epoch in order["moments"]:
        if os.getppid() != order["parent"]:
            return
        with suppress(MissingError):
            evidence.figures(Run(evidence.study.folder / name), epoch)


if __name__ == "__main__":
    main()
