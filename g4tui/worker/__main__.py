"""`python -P -m g4tui.worker`: the child. The host starts it; there is nothing in it for people."""

import os
import sys


def private_descriptors() -> tuple[int, int]:
    """Take the pipes away from everybody else: whatever is printed from here on goes to the log.

    Returns the descriptors of the host's messages and of ours. The host gave its log as fd 2.
    """
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing


def main() -> None:
    """Talk to the host until it says so, or is gone."""
    if sys.stdin is None or sys.stdin.isatty():
        sys.exit("g4tui starts this by itself; try: g4tui ask")
    incoming, outgoing = private_descriptors()
    from g4tui.worker.child import run

    run(incoming, outgoing, int(sys.argv[1]) if len(sys.argv) > 1 else None)


if __name__ == "__main__":
    main()
