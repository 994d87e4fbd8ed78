"""The one place where a command ends: exit codes, and how errors are told.

0: done. 1: it failed. 2: the command was wrong. 130: Ctrl+C. 141: the reader went away.
"""

import errno
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
UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
COMPLETE_VARIABLE = "_G4TUI_COMPLETE"


def run(arguments: list[str], app: App | None = None) -> int:
    """Run one command line; the exit code. Nothing is raised, and no traceback is shown."""
    app = app or App()
    sys.stdout, sys.stderr = _usable(sys.stdout), _usable(sys.stderr)
    try:
        code = _run(arguments, app)
        sys.stdout.flush()
        if code == 0:
            app.look_after_library()
    except OSError as error:
        return unwritten(error, app)
    except KeyboardInterrupt:  # all but the upkeep was done
        return INTERRUPTED
    finally:
        app.close()
    return code


def unwritten(error: OSError, app: App | None = None) -> int:
    """The exit code where output could not be written: the reader went away, or a disk is full."""
    _drop(sys.stdout)  # first: what it still holds would fail again
    sys.stderr = _usable(sys.stderr)
    if isinstance(error, BrokenPipeError):
        return CLOSED_PIPE
    from g4tui.core import ErrorInfo

    info = ErrorInfo(
        "storage",
        "The output could not be written",
        f"{error.strerror or error}.",
        "Make room where it goes, or send it elsewhere.",
    )
    try:
        (app or App()).note(str(info))  # with --json too: no object can be written
    except OSError:  # nobody is left to tell
        _drop(sys.stderr)
    return FAILED


def _run(arguments: list[str], app: App) -> int:
    if instruction := os.environ.get(COMPLETE_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, "g4tui", COMPLETE_VARIABLE, instruction)
    ended = arguments.index("--") if "--" in arguments else None
    wants_json = "--json" in arguments[:ended]
    try:
        # Not `cli.main`, which ends the process with 1 when the reader goes away.
        with cli.make_context("g4tui", arguments, obj=app) as context:
            result: object = cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        app.json |= wants_json  # though what is wrong stands before it
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
    except OSError as error:
        if error.filename is None and error.errno in UNWRITTEN:
            raise  # of standard output: whatever else fails names its file
        return _fail(error, app)
    except Exception as error:  # noqa: BLE001 - the last place: everything is told to the person
        return _fail(error, app)
    return result if isinstance(result, int) else 0


def _fail(error: Exception, app: App) -> int:
    from g4tui.cli.output import exit_code

    info = _info_of(error, app.plugin_command)
    app.report(info)
    _trace(app)
    return exit_code(info)


def _info_of(error: Exception, plugin_command: str) -> "ErrorInfo":
    from g4tui.core import ErrorInfo, G4tuiError

    if isinstance(error, G4tuiError):
        return error.info
    if isinstance(error, OSError):
        return _refusal(error)
    if isinstance(error, UnicodeEncodeError) and error.reason.startswith("surrogates"):
        return ErrorInfo(  # bytes of the command line that are no characters
            "usage",
            "A word of the command is not text in UTF-8",
            f"{error.object[:200]!a} has bytes that make no character.",
            "Type it in a terminal that is set to UTF-8; give a file of such a name another one.",
        )
    from g4tui.plugin.loading import describe

    if plugin_command:
        return ErrorInfo(
            "plugin",
            f"The command {plugin_command} went wrong",
            describe(error),
            "Run it again with --debug to see where, and tell the author of its plugin.",
        )
    return ErrorInfo(
        "internal",
        "Something in g4tui went wrong",
        describe(error),
        "This is a defect of g4tui. Run it again with --debug to see where, and report that.",
    )


def _refusal(error: OSError) -> "ErrorInfo":
    """What the system said, without its numbers."""
    from g4tui.core import ErrorInfo

    names = [str(name) for name in (error.filename, error.filename2) if name is not None]
    said = error.strerror or " ".join(str(error).split()) or type(error).__name__
    remedy = "Try it again with --debug to see where; g4tui doctor says what is wrong here."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        remedy = "Make room on that disk, or set G4TUI_HOME to a folder on another one."
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        remedy = "Check the rights of that file and of its folder."
    return ErrorInfo("storage", "The system refused", f"{': '.join([*names, said])}.", remedy)


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


def _drop(stream: TextIO) -> None:
    """Nobody reads it any more: let the interpreter's last flush go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    stream.flush()
