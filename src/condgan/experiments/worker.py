"""The process of one trial: it trains the run that it reads from stdin, or continues it.

``executor`` starts it as ``python -m condgan.experiments.worker``. It ends, after a save, when its parent is gone.
"""

import json
import os
import signal
import sys
from pathlib import Path

from condgan.data import mapped
from condgan.errors import CondganError, InterruptedTrainingError
from condgan.recipe.text import from_json
from condgan.training import training
from condgan.training.listeners.terminal import Lines


def main() -> int:
    """Train -> the exit code: 0, 2 for an error that the user can put right, 130 for an interrupt."""
    signal.signal(signal.SIGTERM, interrupted)  # until the training takes it over
    order = json.load(sys.stdin)
    parent = int(order["parent"])  # it may be gone already
    folder, data = Path(order["run"]), mapped.read(Path(order["data"]))

    def orphaned() -> bool:
        return os.getppid() != parent

    try:
        if (folder / "recipe.json").is_file():
            training.resume(folder, data=data, listeners=[Lines()], stop=orphaned)
        else:
            recipe = from_json(json.dumps(order["recipe"]).encode(), "the order of a worker")
            training.train(recipe, data=data, run=folder, start=order["start"], listeners=[Lines()], stop=orphaned)
    except (InterruptedTrainingError, KeyboardInterrupt) as error:
        print(error, file=sys.stderr)
        return 130
    except CondganError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def interrupted(number: int, frame: object) -> None:
    """End as at Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
