"""Tables in the terminal."""

import sys
from collections.abc import Collection, Sequence

from g4tui.sanitize import clean_line


def print_table(
    title: str, heading: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int] = (0,)
) -> None:
    """Columns of numbers, and those in `left`, which hold text; cells are untrusted."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for number, name in enumerate(heading):
        is_text = number in left
        table.add_column(
            Text(name),
            justify="left" if is_text else "right",
            overflow="fold",
            no_wrap=not is_text,
        )
    for row in rows:
        table.add_row(*(Text(clean_line(cell)) for cell in row))
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:  # a pipe has no width: never cut
        console = Console(file=sys.stdout, highlight=False, width=160)
    console.print(table)


def count(number: int) -> str:
    """`12,345`; nothing for none, so that a table shows where something is."""
    return f"{number:,}" if number else "·"
