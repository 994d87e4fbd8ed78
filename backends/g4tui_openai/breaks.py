"""What the exceptions of sockets, TLS, HTTP and JSON mean, by their classes' names.

By name, because the libraries that define them are imported late and only where they are used.
"""

import msgspec

from g4tui.core import ErrorKind


class Break(msgspec.Struct, frozen=True):
    """An entry: any of `names` (or of their bases) in the chain of causes means this.

    `{host}` in the title and `{base}` in a remedy are filled in; an empty detail is the
    innermost exception's own words. `retry`: worth another try before the first token.
    """

    names: frozenset[str]
    kind: ErrorKind
    title: str
    detail: str
    remedy: str
    local_remedy: str = ""
    retry: bool = False


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


BREAKS = (
    Break(
        _names("gaierror"),
        "network",
        "There is no address for {host}",
        "Its name could not be looked up: no network, or a misspelt name.",
        "Check the network and base_url; a local model needs neither.",
    ),
    Break(
        _names("ConnectionRefusedError"),
        "network",
        "Nothing listens at {host}",
        "The connection was refused.",
        "Check base_url and the network.",
        local_remedy="Start the server at {base}.",
    ),
    Break(
        _names("ProxyError"),
        "network",
        "The proxy refused the connection",
        "",
        "Check HTTPS_PROXY and NO_PROXY.",
    ),
    Break(
        _names("ConnectTimeout"),
        "timeout",
        "{host} does not answer",
        "No connection was made within the limit.",
        "Check the network, or try again.",
        retry=True,
    ),
    Break(
        _names("TooMuchError"),
        "protocol",
        "{host} sent far too much",
        "One event, or the whole answer, went over its limit of bytes.",
        "Try again; if it happens again, this server does not speak the API.",
    ),
    Break(
        _names("EncodedError"),
        "protocol",
        "{host} sent a compressed stream",
        "It was asked not to, so its size cannot be bounded.",
        "Turn compression off at the server or at its proxy.",
    ),
    Break(
        _names("JSONDecodeError DecodeError UnicodeError ValidationError RecursionError"),
        "protocol",
        "{host} sent something that cannot be read",
        "A piece of its answer is damaged.",
        "Try again; if it happens again, this server does not speak the API.",
    ),
    Break(
        _names(
            "ConnectionResetError ConnectionAbortedError BrokenPipeError SSLEOFError ReadError"
            " WriteError CloseError EndOfStream ClosedResourceError BrokenResourceError"
            " RemoteProtocolError"
        ),
        "network",
        "The connection to {host} broke",
        "",
        "Try again.",
        retry=True,
    ),
    Break(
        _names("TimeoutError TimeoutException"),
        "timeout",
        "{host} does not answer",
        "Nothing came within the limit.",
        "Try again.",
        retry=True,
    ),
    Break(
        _names("OSError TransportError"),
        "network",
        "{host} cannot be reached",
        "",
        "Check the network.",
        retry=True,
    ),
    Break(
        _names("ValueError"),
        "protocol",
        "{host} sent something that cannot be read",
        "A piece of its answer makes no sense.",
        "Try again; if it happens again, this server does not speak the API.",
    ),
)


def chain_of(error: BaseException) -> list[BaseException]:
    """An exception with all that caused it, itself first; at most 32."""
    chain: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(chain) < 32:
        link = waiting.pop(0)
        if link is None or any(link is seen for seen in chain):
            continue
        chain.append(link)
        waiting += [link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions
    return chain
