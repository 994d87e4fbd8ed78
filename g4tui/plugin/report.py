"""What is said of a plugin."""

from typing import Literal

import msgspec

from g4tui.core.errors import ErrorInfo


class PluginReport(msgspec.Struct, frozen=True):
    """How a plugin fared. `name` is its entry point's, `version` and `distribution` its package's.

    `provides` lists what it registered, such as `backend:openai` or `hook:prepare_turn`.
    `import_ms` is `None` for one that was never imported. `error` says why it failed, or which
    of its hooks did.
    """

    name: str
    distribution: str
    version: str
    status: Literal["ok", "failed", "disabled"]
    api_version: int | None = None
    import_ms: float | None = None
    provides: tuple[str, ...] = ()
    error: ErrorInfo | None = None
