"""The packages that signatures need, which not everyone has."""

from importlib.util import find_spec

from condgan.errors import CondganError


def needed(*names: str) -> None:
    """Refuse with the command that installs them.

    Raises:
        CondganError: a package is not installed.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise CondganError(f'signatures need {" and ".join(missing)}: pip install "condgan[provenance]"')


def there(*names: str) -> bool:
    """Whether they are installed."""
    return all(find_spec(name) is not None for name in names)
