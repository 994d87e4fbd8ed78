"""Writing to stdout, which somebody may close."""

import sys

from click.exceptions import Exit

CLOSED_PIPE = 141


def write_out(text: str) -> None:
    """Write text as it is, at once; ends the command quietly where nobody reads any more."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise Exit(CLOSED_PIPE) from error  # click would take an OSError for a failure
