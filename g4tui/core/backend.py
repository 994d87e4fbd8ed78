"""The contract of a backend: what a plugin's author writes.

A backend lists its models and opens one as an engine. A native backend (it computes on this
machine) opens a plain, synchronous `Engine`, which the host runs in a process of its own; a network
backend opens an `AsyncEngine` on the host's event loop. Threads, processes, queues, trimming to the
context, sanitising and saving are the host's work.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Generic, Literal, TypeVar

import msgspec

from g4tui.core.batches import Batches
from g4tui.core.cancel import Cancel
from g4tui.core.errors import G4tuiError
from g4tui.core.events import Event
from g4tui.core.messages import Message, Request
from g4tui.core.naming import ModelSpec
from g4tui.core.nearest import did_you_mean


class ModelInfo(msgspec.Struct, frozen=True):
    """A model as it is listed, without its weights.

    `id` is the full name (`backend:model`). `ready` is false when something is missing; `detail`
    says what in a few words and `remedy` what mends it. Sizes are bytes, `context` is tokens,
    `None` is unknown. `local`: nothing leaves this machine. `card`: the path of its model card.
    """

    id: str
    backend: str
    title: str
    size_bytes: int | None = None
    context: int | None = None
    local: bool = True
    ready: bool = True
    detail: str = ""
    remedy: str = ""
    licence: str = ""
    ram_bytes: int | None = None
    card: str = ""


class Price(msgspec.Struct, frozen=True):
    """US dollars for a million tokens: of prompts, and of answers."""

    input: float
    output: float


class ModelFile(msgspec.Struct, frozen=True):
    """A model file on this machine, as its header tells. `error` says why it cannot be read.

    `name` is what a person types; `format` is `gguf`, `ggml` (any of the older single-file forms)
    or `unknown`; `role` tells weights from a LoRA adapter. `title` is for people, `own_name` what
    the header calls it. `base`: what an adapter was made for, a file's path or a model's own name;
    empty where nobody says. `card`: the path of its model card.
    """

    name: str
    path: str
    size_bytes: int
    format: Literal["gguf", "ggml", "unknown"]
    role: Literal["model", "adapter"] = "model"
    architecture: str = ""
    title: str = ""
    quantisation: str = ""
    context: int | None = None
    parameters: int | None = None
    licence: str = ""
    error: str = ""
    own_name: str = ""
    base: str = ""
    card: str = ""


class Host:
    """All that a backend may know of its host.

    `cache_dir`: this backend's own folder. `model_files`: what lies on this machine. `threads`: how
    many a native engine may use. `secret(name, origin)`: the key of a server, only if it was given
    for that origin (`https://host:port`); always `None` in a worker. `log(line)`: to the log.
    `progress(done, total)`: how far `open` is, in the backend's own steps.
    """

    def __init__(
        self,
        cache_dir: Path,
        model_files: Sequence[ModelFile] = (),
        threads: int = 1,
        secret: Callable[[str, str], str | None] = lambda name, origin: None,
        log: Callable[[str], None] = lambda line: None,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.cache_dir = cache_dir
        self.model_files = tuple(model_files)
        self.threads = threads
        self.secret = secret
        self.log = log
        self.progress = progress

    def find_file(self, name: str) -> Path:
        """The file of a model: by its name in `model_files`, or by its absolute path.

        Whether it can be read shows when it is opened. Raises `G4tuiError` of kind `missing`.
        """
        for file in self.model_files:
            if name in (file.name, file.path):
                return Path(file.path)
        path = Path(name)
        if path.is_absolute() and path.exists():
            return path
        guess = did_you_mean(name, [file.name for file in self.model_files])
        raise G4tuiError(
            "missing",
            "There is no such file" if path.is_absolute() else "There is no such model",
            f"{name}. {guess}" if guess else name,
            "See what is here with: g4tui models; get one with: g4tui models pull NAME",
        )

    @property
    def conversations(self) -> Path:
        """Where the folders of all conversations are."""
        return self.cache_dir / "conversations"

    def conversation_dir(self, cache_key: str) -> Path:
        """The folder (made here, mode 0700) for state kept for one conversation.

        The host deletes it with the conversation, and the least recently used ones when all of
        them outgrow the cache's limit: whatever is in it may be gone at the next turn.
        """
        self.conversations.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self.conversations / cache_key
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder


class _AnyEngine(ABC):
    """What synchronous and asynchronous engines share.

    `context`: how many tokens a prompt and its answer may have together. `can_continue`: whether
    `Request.continue_last` is understood. An engine has `tokenize`, `prompt_ids`, `score` and
    `embed` where it can; else they raise `G4tuiError` of kind `unsupported`.
    """

    context: int
    can_continue: bool = False

    def tokenize(self, text: str) -> list[int]:
        """The ids of `text`, special tokens of the text not recognised, nothing added."""
        raise unsupported("tokenize text")

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens a prompt made of `messages` has; an estimate must not be too low."""
        return sum(estimated_tokens(message.content) + 8 for message in messages) + 8

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The ids that `generate` would evaluate before it answers `messages`."""
        raise unsupported("give the ids of a prompt")

    def score(self, ids: Sequence[int], start: int) -> list[float]:
        """Natural log-probabilities of `ids[start:]`, each given all before it; `start >= 1`.

        As many numbers as there are ids from `start` on. Raises `G4tuiError` of kind `context` for
        more ids than fit.
        """
        raise unsupported("give log-probabilities")

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, in the order of `texts`, all of one length."""
        raise unsupported("embed texts")


class Engine(_AnyEngine):
    """A loaded native model. It lives in a worker process; one request at a time."""

    @abstractmethod
    def generate(self, request: Request, cancel: Cancel) -> Iterator[Event]:
        """Answer: `Progress` and deltas, one `Usage`, then `Finished` or `Failed`.

        A request longer than the context fails with kind `context`. After `cancel` was asked the
        stream ends within 100 ms with `Finished("cancelled")`. Raising is the same as `Failed`.
        """

    def use_threads(self, count: int | None) -> None:
        """Compute with at most so many from the next step on; `None`: as many as it was opened for.

        Called by another thread, also while it answers: other models share the cores then.
        """

    def idle(self) -> None:
        """Called when no request came for a moment: the time to save state to disk."""

    def close(self) -> None:
        """Free everything; called once, after `idle`."""


class AsyncEngine(_AnyEngine):
    """A model behind a network. It runs on the host's event loop and must never block it.

    Several requests may be under way at once.
    """

    @abstractmethod
    def generate(self, request: Request, cancel: Cancel) -> AsyncIterator[Event]:
        """As `Engine.generate`; the host also cancels the task that iterates."""

    def batches(self) -> Batches:
        """For asking many at once, for less, and waiting long. Raises `G4tuiError`."""
        raise unsupported("answer in batches")

    async def close(self) -> None:
        """Close connections; called once."""


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For a backend without settings."""


Options = TypeVar("Options", bound=msgspec.Struct)


class Backend(ABC, Generic[Options]):
    """A way to run models. One object of each is made by its plugin and kept.

    `name` is the entry point's name. `options` is the msgspec type of the `[backends.NAME]` table,
    checked when the backend is used. `runs` says where engines live. `hot_adapters`: LoRA files
    come with each request and are swapped on one loaded base.
    """

    name: ClassVar[str]
    runs: ClassVar[Literal["worker", "loop"]] = "worker"
    hot_adapters: ClassVar[bool] = False
    options: type[Options]

    @abstractmethod
    def models(self, host: Host, options: Options) -> list[ModelInfo]:
        """The models at hand, ready or not. Called in a thread of the host's process.

        Quick, offline-safe, loads no weights, imports nothing heavy.
        """

    @abstractmethod
    def open(self, spec: ModelSpec, options: Options, host: Host) -> Engine | AsyncEngine:
        """Load a model; blocks. Raises `G4tuiError` with a remedy; reports through `host.progress`.

        Called in the worker's process, or, where `runs` is `loop`, in a thread of the host's.
        """

    def destination(self, spec: ModelSpec, options: Options) -> str:
        """The host that a conversation would be sent to; empty when it stays on this machine."""
        return ""

    def price(self, spec: ModelSpec, options: Options) -> Price | None:
        """What its tokens cost; `None` when nobody said. What stays on this machine is free."""
        return None if self.destination(spec, options) else Price(0.0, 0.0)

    def environment(self) -> Mapping[str, str]:
        """Variables that the worker needs beside the allowed ones (never a key)."""
        return {}


def unsupported(what: str) -> G4tuiError:
    """The error for an optional part that an engine lacks."""
    return G4tuiError("unsupported", f"This model cannot {what}", "Its backend does not offer it.")


def estimated_tokens(text: str) -> int:
    """A count for where there is no tokenizer: not too low for prose, code, CJK or emoji."""
    return len(text.encode("utf-8", "surrogatepass")) // 3 + 1
