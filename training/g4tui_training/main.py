"""The command `g4tui-train`: exit codes, and how errors are told.

0: done. 1: it failed. 2: the command was wrong. 130: Ctrl+C. 141: the reader went away.
"""

import os
import sys

import click

from g4tui_training.cli import group
from g4tui_training.output import CLOSED_PIPE

FAILED = 1
WRONG = 2
INTERRUPTED = 130


def main() -> int:
    """Run the command line of this process; the exit code."""
    arguments = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
    try:
        code = run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = CLOSED_PIPE
    if code == CLOSED_PIPE:  # let the interpreter's last flush go nowhere
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    return code


def run(arguments: list[str]) -> int:
    """Run one command line. Nothing is raised, and no traceback is shown.

    `G4TUI_DEBUG=1` shows it after all.
    """
    if arguments == ["--version"]:
        from g4tui import __version__

        sys.stdout.write(f"g4tui-train {__version__}\n")
        return 0
    try:
        result: object = group("g4tui-train").main(arguments, "g4tui-train", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        _tell(error.format_message())
        return WRONG
    except click.UsageError as error:
        usage = error.ctx.get_usage() + "\n" if error.ctx is not None else ""
        path = error.ctx.command_path if error.ctx is not None else "g4tui-train"
        _tell(f"{usage}{error.format_message()}\nTry: {path} --help")
        return WRONG
    except click.ClickException as error:
        _tell(error.format_message())
        return FAILED
    except (click.Abort, KeyboardInterrupt):
        _tell("Stopped. The same command goes on from here.")
        return INTERRUPTED
    except SystemExit as error:  # of click's own, as for help into a closed pipe
        return error.code if isinstance(error.code, int) else FAILED
    except Exception as error:  # noqa: BLE001 - the last place: everything is told to the person
        return _failed(error)
    return result if isinstance(result, int) else 0


def _failed(error: Exception) -> int:
    from g4tui.core import G4tuiError

    if os.environ.get("G4TUI_DEBUG"):
        import traceback

        _tell(traceback.format_exc())
    if isinstance(error, G4tuiError):
        _tell(str(error.info))
        return WRONG if error.info.kind == "usage" else FAILED
    if isinstance(error, OSError):
        _tell(f"The system refused\n{error}")
        return FAILED
    _tell(
        f"Something in g4tui-train went wrong\n{type(error).__name__}: {error}\n"
        "This is a defect of g4tui. Run it again with G4TUI_DEBUG=1 to see where."
    )
    return FAILED


def _tell(text: str) -> None:
    from g4tui.sanitize import clean

    sys.stdout.flush()
    sys.stderr.write(clean(text.rstrip("\n")) + "\n")


if __name__ == "__main__":
    sys.exit(main())
