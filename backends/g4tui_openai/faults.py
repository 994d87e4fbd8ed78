"""From whatever went wrong to what a person reads: one `ErrorInfo` for every failure."""

import re
import ssl
from collections.abc import Mapping

from g4tui.core import ErrorInfo, ErrorKind
from g4tui_openai.breaks import BREAKS, Break, chain_of
from g4tui_openai.endpoints import Endpoint
from g4tui_openai.keys import Key, key_remedy, redacted
from g4tui_openai.words import is_page, retry_after, words_of

_RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_CONTEXT = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|context window"
    r"|exceeds? the (?:available )?context|prompt is too long|too many tokens|too large for model",
    re.IGNORECASE,
)
# Not failures of TLS: it waits for more, or the other side is gone.
_TLS_PASSING = (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError)
_QUOTA = re.compile(r"insufficient_quota|billing|exceeded your current quota|credit", re.IGNORECASE)
_LIMIT = re.compile(
    r"context (?:length|window|size)\D{0,40}?(\d{3,8})|\bn_ctx\D{0,5}(\d{3,8})", re.IGNORECASE
)


class FaultError(Exception):
    """What went wrong, ready to be shown, and what a caller may do about it.

    `retry`: the same request may succeed a moment later. `status`, `named` and `text` are the
    server's (status code, the field that it complains of, its words): to find a refused field.
    """

    def __init__(
        self,
        info: ErrorInfo,
        *,
        retry: bool = False,
        status: int = 0,
        named: str = "",
        text: str = "",
    ) -> None:
        super().__init__(str(info))
        self.info = info
        self.retry = retry
        self.status = status
        self.named = named
        self.text = text

    @property
    def context(self) -> int | None:
        """The context in tokens, where the server's refusal tells it."""
        if self.info.kind != "context":
            return None
        found = _LIMIT.search(self.text)
        return int(found[1] or found[2]) if found else None


class Faults:
    """Makes faults for one server; hides its key in all that they say."""

    def __init__(self, endpoint: Endpoint, model: str, key: Key | None) -> None:
        self._endpoint = endpoint
        self._model = model
        self._key = key

    def make(
        self, kind: ErrorKind, title: str, detail: str, remedy: str, *, retry: bool = False
    ) -> FaultError:
        """A fault of our own finding."""
        return FaultError(ErrorInfo(kind, title, self._shown(detail), remedy), retry=retry)

    def web_page(self) -> FaultError:
        """HTML where an answer should be."""
        return self.make(
            "protocol",
            f"{self._endpoint.host} sent a web page",
            "A page came where an answer should be: a login page, or an address without the API.",
            "Check base_url (often it ends in /v1), and whether the network wants a login.",
        )

    def of_status(self, status: int, body: object, headers: Mapping[str, str]) -> FaultError:
        """A status that is no success."""
        if 300 <= status < 400:
            return self.make(
                "config",
                f"{self._endpoint.host} sends us to another address",
                f"It answered with a redirect ({status}), which is not followed: "
                "a key stays with the server that it was given for.",
                "Set base_url to the server's real address.",
            )
        if status < 500 and status != 404 and isinstance(body, str) and is_page(body):
            return self.web_page()
        words = words_of(body)
        kind, title, remedy = self._meaning(status, words.text)
        detail = self._said(f" ({status})", words.message)
        info = ErrorInfo(kind, title, detail, remedy, retry_after(headers))
        retry = status in _RETRIED and kind != "quota"
        return FaultError(info, retry=retry, status=status, named=words.named, text=words.text)

    def of_body(self, body: object) -> FaultError:
        """An error that came inside a success."""
        words = words_of(body)
        status = int(words.code) if words.code.isdecimal() else 0
        kind, title, remedy = self._meaning(status, words.text)
        detail = self._said("", words.message or words.code)
        return FaultError(ErrorInfo(kind, title, detail, remedy), text=words.text)

    def of_exception(self, error: BaseException) -> FaultError:
        """Anything that was raised while talking to the server."""
        chain = chain_of(error)
        for link in chain:
            if isinstance(link, FaultError):
                return link
            if isinstance(link, ssl.SSLError) and not isinstance(link, _TLS_PASSING):
                return self._of_tls(link)
        names = {name for link in chain for name in _names_of(link)}
        for entry in BREAKS:
            if entry.names & names:
                return self._of_break(entry, chain)
        return self.make(
            "internal",
            "The answer could not be read",
            f"{type(error).__name__}: {error}",
            "Try again, and report this if it stays.",
        )

    def _meaning(self, status: int, text: str) -> tuple[ErrorKind, str, str]:
        """Kind, title and remedy of a server's refusal."""
        endpoint, host, model = self._endpoint, self._endpoint.host, self._model
        if _CONTEXT.search(text) or status == 413:
            remedy = "Start a new session, or shorten the message."
            return "context", f"The conversation is too long for {model}", remedy
        if status == 402 or (status in (0, 403, 429) and _QUOTA.search(text)):
            title = f"The account at {host} has no credit left"
            return "quota", title, "Add credit, or choose another model."
        if status == 401:
            title = f"{host} refused the key" if self._key else f"{host} needs a key"
            return "auth", title, f"{key_remedy(endpoint)}."
        if status == 403:
            remedy = "Check what the key may use, and from where."
            return "auth", f"{host} does not allow this", remedy
        if status == 404:
            remedy = (
                "See the names with: g4tui models. "
                "If none works, check base_url (often it ends in /v1)."
            )
            return "missing", f"{host} does not know {model}", remedy
        if status == 429:
            remedy = "Wait a moment, then try again."
            return "rate_limit", f"{host} got too many requests", remedy
        if 400 <= status < 500 and status not in _RETRIED:
            remedy = "Change the message or the parameters, or choose another model."
            return "refused", f"{host} refused the request", remedy
        remedy = "Try again in a moment, or choose another model."
        return "server", f"{host} could not answer", remedy

    def _of_break(self, entry: Break, chain: list[BaseException]) -> FaultError:
        host = self._endpoint.host
        meant = [link for link in reversed(chain) if entry.names & _names_of(link)]
        said = next(filter(None, map(_words_of, meant)), "")
        remedy = entry.remedy
        if entry.local_remedy and self._endpoint.loopback:
            remedy = entry.local_remedy
        return self.make(
            entry.kind,
            entry.title.format(host=host),
            entry.detail or said or type(chain[0]).__name__,
            remedy.format(base=self._endpoint.base_url),
            retry=entry.retry,
        )

    def _of_tls(self, error: ssl.SSLError) -> FaultError:
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = error.verify_message
            remedy = "Check the clock and base_url; for an authority of your own set SSL_CERT_FILE."
        else:
            reason = error.reason or str(error)
            remedy = "Check base_url: https and http are easily mixed up."
        title = f"No secure connection to {self._endpoint.host}"
        return self.make("network", title, f"TLS failed: {reason}", remedy)

    def _said(self, code: str, message: str) -> str:
        shown = self._shown(message)
        return f"It said{code}: {shown}" if shown else f"It gave no reason{code}."

    def _shown(self, text: str) -> str:
        text = " ".join(redacted(text[:4000], self._key).split())
        return text if len(text) <= 400 else text[:399] + "…"


def _names_of(error: BaseException) -> set[str]:
    return {base.__name__ for base in type(error).__mro__}


def _words_of(error: BaseException) -> str:
    """What it says, the system's own words without their number."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
