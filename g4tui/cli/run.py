"""The one place where a command ends: exit codes, and how errors are told.

0: done. 1: it failed. 2: the command was wrong. 130: Ctrl+C. 141: the reader went away.
"""

import os
import sys
from typing import TYPE_CHECKING, TextIO

import click

from g4tui.cli.app import App
from g4tui.cli.root import cli

if TYPE_CHECKING:
    from g4tui.core import ErrorInfo

FAILED = 1
WRONG = 2
INTERRUPTED = 130
CLOSED_PIPE = 141


def run(arguments: list[str], app: App | None = None) -> int:
    """Run one command line; the exit code. Nothing is raised, and no traceback is shown."""
    app = app or App()
    for stream in (sys.stdout, sys.stderr):
        _never_fail_to_encode(stream)
    try:
        code = _run(arguments, app)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return CLOSED_PIPE
    finally:
        app.close()
    return code


def _run(arguments: list[str], app: App) -> int:
    try:
        result: object = cli.main(arguments, "g4tui", standalone_mode=False, obj=app)
    except click.UsageError as error:
        _tell_usage(error, app)
        return WRONG
    except click.ClickException as error:
        _tell(app, "usage", error.format_message())
        return FAILED
    except click.Abort as error:
        if not isinstance(error.__cause__, EOFError):
            return INTERRUPTED
        _tell(app, "usage", "Standard input ended before an answer came")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last place: everything is told to the person
        info = _info_of(error)
        app.report(info)
        _trace(app)
        return WRONG if info.kind == "usage" else FAILED
    return result if isinstance(result, int) else 0


def _info_of(error: Exception) -> "ErrorInfo":
    from g4tui.core import ErrorInfo, G4tuiError

    if isinstance(error, G4tuiError):
        return error.info
    what = " ".join(str(error).split())
    if isinstance(error, OSError):
        return ErrorInfo("storage", "The system refused", what)
    return ErrorInfo(
        "internal",
        "Something in g4tui went wrong",
        f"{type(error).__name__}: {what}",
        "This is a defect of g4tui. Run it again with --debug to see where, and report that.",
    )


def _tell_usage(error: click.UsageError, app: App) -> None:
    if not app.json and error.ctx is not None:
        sys.stderr.write(error.ctx.get_usage() + "\n")
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        sys.stderr.write(error.format_message() + "\n")
        return
    path = error.ctx.command_path if error.ctx is not None else "g4tui"
    _tell(app, "usage", error.format_message(), f"Try: {path} --help")


def _tell(app: App, kind: str, title: str, remedy: str = "") -> None:
    from g4tui.core import ErrorInfo

    assert kind == "usage"
    app.report(ErrorInfo("usage", title.rstrip("."), "", remedy))


def _trace(app: App) -> None:
    if app.debug:
        import traceback

        app.note(app.redacted(traceback.format_exc()))


def _never_fail_to_encode(stream: TextIO) -> None:
    """A terminal without UTF-8 shows question marks instead of ending the program."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _drop_output() -> None:
    """Nobody reads any more: let the interpreter's last flush go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
