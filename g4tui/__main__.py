"""The command `g4tui`."""

import sys


def main() -> int:
    """Run the command line; the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):  # before anything that takes time is imported
        from g4tui import __version__

        try:
            sys.stdout.write(f"g4tui {__version__}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            sys.stdout = sys.stderr
        return 0
    try:
        if not sys.argv[1:] and sys.stdin.isatty() and sys.stdout.isatty():
            # the screen alone: it paints before the command line could be imported
            from g4tui.paths import Paths
            from g4tui.tui.app import run as run_screen

            return run_screen(paths=Paths.from_environment())
        from g4tui.cli.run import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # while still importing
        return 130


if __name__ == "__main__":
    sys.exit(main())
