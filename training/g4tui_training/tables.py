"""Tables in the terminal."""

import shutil
import sys
from collections.abc import Collection, Sequence
from io import StringIO

from g4tui.sanitize import clean_line
from g4tui_training.output import write_out

_PIPE_WIDTH = 160


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
    # rich ends the program by itself where a pipe is closed, so it never sees stdout.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPE_WIDTH
    console = Console(file=StringIO(), width=width, highlight=False, color_system=None)
    with console.capture() as capture:
        console.print(table)
    write_out("\n".join(line.rstrip() for line in capture.get().split("\n")))


def count(number: int) -> str:
    """`12,345`; nothing for none, so that a table shows where something is."""
    return f"{number:,}" if number else "·"
