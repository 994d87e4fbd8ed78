"""The command `g4tui`."""

import sys


def main() -> int:
    """Run the command line; the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):  # before anything that takes time is imported
        return _tell_version()
    try:
        if not sys.argv[1:]:
            from g4tui.cli.terminal import lacking

            if lacking() is None:
                # the screen alone: it paints before the command line could be imported
                from g4tui.paths import Paths
                from g4tui.tui.launch import run as run_screen

                return run_screen(paths=Paths.from_environment())
        from g4tui.cli.run import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while still importing
        return 130


def _tell_version() -> int:
    from g4tui import __version__

    if sys.stdout is None:  # it was closed
        return 0
    try:
        sys.stdout.write(f"g4tui {__version__}\n")
        sys.stdout.flush()
    except OSError as error:
        from g4tui.cli.run import unwritten

        return unwritten(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
