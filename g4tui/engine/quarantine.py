"""Models that killed their worker twice in a row are held back until the person releases them."""

import contextlib
import os
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError

STRIKES = 2


class Quarantine:
    """Counts crashes in a row by model id, in a small file: a crash counts in the next program too.

    A missing or damaged file means no strikes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def strike(self, model: str) -> None:
        """The model's worker crashed."""
        strikes = self._read()
        strikes[model] = strikes.get(model, 0) + 1
        self._write(strikes)

    def clear(self, model: str) -> None:
        """The model answered, or the person releases it."""
        strikes = self._read()
        if strikes.pop(model, None) is not None:
            self._write(strikes)

    def holds(self, model: str) -> bool:
        """Whether the model must not be started."""
        return self._read().get(model, 0) >= STRIKES

    def held(self) -> list[str]:
        """The models that are held back."""
        return [model for model, count in self._read().items() if count >= STRIKES]

    def check(self, model: str) -> None:
        """Raise the `G4tuiError` that says how to release a held model."""
        if self.holds(model):
            raise G4tuiError(
                "quarantined",
                "This model is held back",
                f"{model} ended its process {STRIKES} times in a row.",
                f"Check or replace its file, then release it with: g4tui models release {model}",
            )

    def _read(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        except (OSError, msgspec.DecodeError):
            return {}

    def _write(self, strikes: dict[str, int]) -> None:
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        # A disk that cannot hold a counter has louder complaints coming.
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.encode(strikes))
            draft.replace(self._path)
