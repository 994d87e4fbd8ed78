"""How a child ended, and what a person should read about it."""

import signal
from pathlib import Path
from typing import Literal

import msgspec

from g4tui.core import ErrorInfo

Reason = Literal[
    "closed",  # it was unloaded
    "stopped",  # it did not heed a stop and was killed
    "crashed",  # it ended by itself
    "protocol",  # it sent what makes no sense and was killed
    "timeout",  # it showed no sign of life for too long and was killed
]
CRASHES: tuple[Reason, ...] = ("crashed", "protocol", "timeout")
"""What speaks against the model, not against what the person did."""

MEANINGS = {
    "SIGSEGV": "an invalid memory access",
    "SIGBUS": "a memory error, as when a file shrinks while it is in use",
    "SIGABRT": "the library gave up",
    "SIGILL": "an instruction that this processor does not have",
    "SIGFPE": "an arithmetic error",
    "SIGKILL": "killed from outside",
    "SIGTERM": "asked to end from outside",
}
LOG_HEADING = "The last lines of its log:"
OFTEN = "Send it again: a new process is started for it. If that happens again, "
REMEDIES = {
    "SIGKILL": "Memory is the likely cause: close other programs, or choose a smaller model or "
    "context.",
    "SIGBUS": OFTEN + "check the model's file: was it replaced or cut while open?",
    "SIGILL": "Reinstall the backend's library so that it is built for this computer.",
}


class WorkerExit(msgspec.Struct, frozen=True):
    """The end of a worker. `code` is the exit code; `signal` names what killed it."""

    reason: Reason
    error: ErrorInfo | None = None
    code: int | None = None
    signal: str = ""

    @property
    def counts_as_crash(self) -> bool:
        """Whether it speaks against the model."""
        return self.reason in CRASHES


def signal_name(code: int | None) -> str:
    """The signal in a `subprocess` return code."""
    if code is None or code >= 0:
        return ""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def crash(code: int | None, doing: str, log_lines: str) -> ErrorInfo:
    """The error of a child that ended by itself while it was `doing` something."""
    name = signal_name(code)
    how = name if name else f"exit code {code}"
    meaning = f", {MEANINGS[name]}" if name in MEANINGS else ""
    return ErrorInfo(
        "crashed",
        f"The model's process ended while {doing}",
        with_log(f"It ended with {how}{meaning}.", log_lines),
        REMEDIES.get(name, OFTEN + "check the model's file, or choose another model."),
    )


def nonsense(what: str, log_lines: str) -> ErrorInfo:
    """The error of a child that sent something that is not of the protocol."""
    return ErrorInfo(
        "protocol",
        "The model's process sent something unreadable",
        with_log(f"{what[0].upper()}{what[1:]}.", log_lines),
        "Send it again: a new process is started for it. If it was updated, restart g4tui.",
    )


def silence(seconds: float, doing: str, log_lines: str) -> ErrorInfo:
    """The error of a child that hung."""
    return ErrorInfo(
        "timeout",
        f"The model's process hung while {doing}",
        with_log(f"There was no sign of life for {seconds:g} s, so it was ended.", log_lines),
        OFTEN + "choose a smaller model or context.",
    )


def gone() -> ErrorInfo:
    """The error of asking a worker that has ended."""
    return ErrorInfo(
        "internal", "The model's process has ended", "", "Send it again: a new one is started."
    )


def with_log(text: str, log_lines: str) -> str:
    """`text` and the last lines of the log, where there are any."""
    return f"{text}\n{LOG_HEADING}\n{log_lines}" if log_lines else text


def naming_log(error: ErrorInfo, log: Path) -> ErrorInfo:
    """For a backend's author: where the traceback of what the backend let out stands."""
    if error.kind != "plugin":
        return error
    return msgspec.structs.replace(error, remedy=f"{error.remedy} The traceback is in {log}")
