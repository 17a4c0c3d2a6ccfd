"""The packages that signatures need, which not everyone has."""

from collections.abc import Iterable
from importlib.util import find_spec

from condgan.errors import CondganError


def needed(*names: str) -> None:
    """Refuse with the command that installs them.

    Raises:
        CondganError: a package is not installed.
    """
    if lacking := missing(names):
        raise CondganError(f'signatures need {" and ".join(lacking)}: pip install "condgan[provenance]"')


def there(*names: str) -> bool:
    """Whether they are installed."""
    return not missing(names)


def missing(names: Iterable[str]) -> list[str]:
    """Those that are not."""
    try:
        return [name for name in names if find_spec(name) is None]
    except ValueError:  # as of a module that was put aside
        return list(names)
