"""`training.json`: what training a seed leaves for the cards. Imports no torch."""

import msgspec

from g4tui_training.train.metrics import DevLoss
from g4tui_training.train.rows import SourceRows


class Trained(msgspec.Struct, frozen=True):
    """`training.json`: how an adapter was made. Times in seconds, losses in nats a token.

    `scale` was chosen on the held-back rows from `scales` (their dev losses) and is in alpha.
    `step` is of the adapter that was kept: the best evaluation.
    """

    identity: str
    base: str
    seed: int
    rows: int
    steps: int
    step: int
    tokens: int
    trained: int
    seconds: float
    parameters: int
    precision: str
    threads: int
    device: str
    processes: int
    scale: float
    scales: dict[str, DevLoss]
    sources: dict[str, SourceRows]
    end: int
    template_sha256: str
    versions: dict[str, str]

    @property
    def dev(self) -> float | None:
        """The loss of held-back rows at the scale that was chosen; `None` where there were none."""
        return min((each.loss for each in self.scales.values()), default=None)
