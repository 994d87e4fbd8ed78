"""Whether a chat's text may go to another machine: asked once for a chat and a host."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from g4tui.background import in_daemon
from g4tui.config import backend_options
from g4tui.core import G4tuiError, ModelSpec, Price
from g4tui.core.backend import estimated_tokens
from g4tui.tui.services import Services, in_thread
from g4tui.tui.words import counted

if TYPE_CHECKING:
    from g4tui.store import SessionRow


class Asks(Protocol):
    """Who asks the person."""

    async def ask(self, title: str, detail: str, yes: str) -> bool:
        """A question."""

    def tell(self, text: str, *, warning: bool = False) -> None:
        """A passing remark."""


async def may_leave(
    services: Services, face: Asks, row: "SessionRow", spec: ModelSpec, text: str
) -> "SessionRow | None":
    """The session, whose text may go where the model is; `None`, where it may not.

    `text` is what is about to be said in it.
    """
    try:
        host = await in_daemon(lambda: services.runtime.destination(spec))
    except G4tuiError:
        return row  # nothing is sent by a backend that does not work: the answer will say why
    if host and row.private:  # also where consent was given before it became private
        face.tell("This chat is private: it is never sent elsewhere.", warning=True)
        return None
    if not host or host in row.consent:
        return row
    rows = await in_thread(services.store.path, row.id) if row.head else []
    said = [each.message.content for each in rows] + ([text] if text else [])
    detail = (
        f"{await _amount(services, spec, said)} will be sent to {host} for {spec.id}. "
        "This chat will not ask again."
    )
    if not await face.ask(f"Send this chat to {host}?", detail, "Send"):
        return None
    return await in_thread(services.store.add_consent, row.id, host)


async def _amount(services: Services, spec: ModelSpec, said: Sequence[str]) -> str:
    """`2 messages, about 340 tokens ($0.0001, and its answers as much as they are long),`."""
    tokens = sum(map(estimated_tokens, said))
    price = await in_daemon(lambda: _price(services, spec))
    if price is None:
        cost = "at a price that is not known here"
    elif not price.input and not price.output:
        cost = "free of charge"
    else:
        cost = (
            f"about ${tokens * price.input / 1e6:.4f}, and ${price.output / 1e3:.4f} "
            "for each 1,000 tokens of the answer"
        )
    return f"{counted(len(said), 'message')}, about {tokens:,} tokens ({cost}),"


def _price(services: Services, spec: ModelSpec) -> Price | None:
    backend = services.plugins.backend(spec.backend)
    return backend.price(spec, backend_options(services.settings, backend))
