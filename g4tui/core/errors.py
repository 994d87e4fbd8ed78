"""One tree of errors: what a person reads when something went wrong."""

from typing import Literal

import msgspec

ErrorKind = Literal[
    "usage",  # the command or a value given by the person is wrong
    "config",  # a settings file or an option table is wrong
    "missing",  # something is not installed or not there: an extra, a model, a file
    "model",  # a model file is damaged, of an unknown format, or refused
    "memory",  # not enough memory for what was asked
    "context",  # the request is longer than the model's context
    "auth",  # a key is missing, wrong or not allowed
    "quota",  # the account has no credit left
    "rate_limit",  # too many requests; see retry_after_s
    "network",  # the server cannot be reached, or the connection broke
    "server",  # the server answered with an error of its own
    "refused",  # the server does not take this request as it stands; another one may do
    "protocol",  # the other side's bytes make no sense
    "timeout",  # nothing came within the limit
    "crashed",  # the worker process ended while it worked
    "quarantined",  # the model killed its worker twice in a row
    "storage",  # the library (SQLite) or a disk refused
    "plugin",  # a plugin raised, hung, or does not fit
    "unsupported",  # this backend or model cannot do that
    "internal",  # a defect of ours
]


class ErrorInfo(msgspec.Struct, frozen=True):
    """An error as a value, fit to be shown, sent over a pipe and saved.

    `title` is one short line without a full stop, `detail` says what was seen, `remedy` says
    what to do next. None of the three may hold a secret. `retry_after_s` is in seconds.
    """

    kind: ErrorKind
    title: str
    detail: str = ""
    remedy: str = ""
    retry_after_s: float | None = None

    def __str__(self) -> str:
        return "\n".join(part for part in (self.title, self.detail, self.remedy) if part)


class G4tuiError(Exception):
    """The one exception of the project; it carries an `ErrorInfo`."""

    def __init__(
        self,
        kind: ErrorKind,
        title: str,
        detail: str = "",
        remedy: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        self.info = ErrorInfo(kind, title, detail, remedy, retry_after_s)
        super().__init__(str(self.info))

    @classmethod
    def of(cls, info: ErrorInfo) -> "G4tuiError":
        """The exception that carries `info`."""
        return cls(info.kind, info.title, info.detail, info.remedy, info.retry_after_s)
