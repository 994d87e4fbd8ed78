"""The one place where a command ends: exit codes, and how errors are told.

0: done. 1: it failed. 2: the command was wrong. 130: Ctrl+C. 141: the reader went away.
"""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
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
COMPLETE_VARIABLE = "_G4TUI_COMPLETE"


def run(arguments: list[str], app: App | None = None) -> int:
    """Run one command line; the exit code. Nothing is raised, and no traceback is shown."""
    app = app or App()
    sys.stdout, sys.stderr = _usable(sys.stdout), _usable(sys.stderr)
    try:
        code = _run(arguments, app)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return CLOSED_PIPE
    except OSError as error:  # a full disk behind a redirection
        _drop_output()
        app.report(_info_of(error))
        return FAILED
    finally:
        app.close()
    return code


def _run(arguments: list[str], app: App) -> int:
    if instruction := os.environ.get(COMPLETE_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, "g4tui", COMPLETE_VARIABLE, instruction)
    try:
        # Not `cli.main`, which ends the process with 1 when the reader goes away.
        with cli.make_context("g4tui", arguments, obj=app) as context:
            result: object = cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        _tell_usage(error, app)
        return WRONG
    except click.ClickException as error:
        _tell(app, error.format_message())
        return FAILED
    except click.Abort as error:
        if not isinstance(error.__context__, EOFError):
            return INTERRUPTED
        _tell(app, "Standard input ended before an answer came")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        raise  # the reader went away: nothing to tell
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
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        sys.stderr.write(error.format_message() + "\n")
        return
    if not app.json and error.ctx is not None:
        sys.stderr.write(error.ctx.get_usage() + "\n")
    path = error.ctx.command_path if error.ctx is not None else "g4tui"
    _tell(app, error.format_message(), f"Try: {path} --help")


def _tell(app: App, title: str, remedy: str = "") -> None:
    from g4tui.core import ErrorInfo

    app.report(ErrorInfo("usage", title.strip().rstrip("."), "", remedy))


def _trace(app: App) -> None:
    if app.debug:
        import traceback

        app.note(app.redacted(traceback.format_exc()))


def _usable(stream: TextIO | None) -> TextIO:
    """A stream that was closed goes nowhere; one that lacks UTF-8 shows question marks."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream


def _drop_output() -> None:
    """Nobody reads any more: let the interpreter's last flush go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    sys.stdout.flush()
