"""Built-in recipes: ``recipes``."""

from typing import Annotated

import typer

from condgan.cli.command import Overrides, command


@command("recipes")
def show_recipes(
    name: Annotated[str | None, typer.Argument(help="A built-in recipe or a .json: print all its fields.")] = None,
    overrides: Overrides = None,
) -> None:
    """List the built-in recipes, or print one as JSON."""
    from condgan.recipe import builtin, text

    if name is not None:
        print(text.to_json(builtin.get(name, overrides or [])), end="")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("recipe", "loss", "epochs", "source"):
        table.add_column(title, overflow="fold")
    for recipe in builtin.RECIPES.values():
        default = " (default)" if recipe.name == builtin.DEFAULT else ""
        table.add_row(recipe.name + default, recipe.loss.name, str(recipe.train.epochs), recipe.source)
    Console().print(table, markup=False, highlight=False)
