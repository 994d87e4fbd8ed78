"""Scalars for TensorBoard, where it is installed; nothing of it is needed."""

from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from g4tui_training.train.metrics import StepLine

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"


class Board:
    """Writes what it is told to `folder`; what is there of steps after `step` counts no more."""

    def __init__(self, folder: Path, step: int) -> None:
        self._folder, self._step = folder, step
        self._installed = find_spec("tensorboard") is not None
        self._writer: SummaryWriter | None = None

    def __enter__(self) -> "Board":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def tell(self, line: StepLine) -> None:
        """A step or an evaluation was made."""
        if not self._installed:
            return
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            after = self._step + 1 if self._step else 0
            self._writer = SummaryWriter(str(self._folder), purge_step=after)
        scalars: dict[str, float] = {}
        if line.loss is not None:
            scalars |= {"loss/train": line.loss, "learning_rate": line.learning_rate}
            scalars |= {"gradient": line.gradient, "tokens_a_second": line.tokens / line.seconds}
        if line.dev is not None:
            scalars["loss/held back"] = line.dev.loss
            scalars |= {f"source/{name}": each.loss for name, each in line.dev.sources.items()}
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, line.step)
