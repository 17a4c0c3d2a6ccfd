"""``python -m condgan``."""

from condgan.cli import main

main()
