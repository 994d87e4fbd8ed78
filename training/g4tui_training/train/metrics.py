"""What a training tells of itself while it runs: one JSON object a line, and a picture of it."""

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from g4tui_training.writing import disk_error, write_whole


class Sample(msgspec.Struct, frozen=True):
    """What the student answers to a held-back prompt at this point."""

    id: str
    prompt: str
    answer: str


class SourceLoss(msgspec.Struct, frozen=True):
    """Held-back rows of one source: nats a token, over all its tokens and as the mean of rows."""

    rows: int
    tokens: int
    token_loss: float
    loss: float


class DevLoss(msgspec.Struct, frozen=True):
    """The held-back rows: `loss` is the mean over rows of each row's nats a token.

    A row counts as a row however long its answer is, as tasks do in the evaluation.
    """

    loss: float
    token_loss: float
    sources: dict[str, SourceLoss] = {}


class StepLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step (`loss` is of its rows, weighted, before it) or an evaluation after `step` steps.

    `learning_rate`, `gradient` (norm before clipping), `seconds` of the step, `memory` in bytes.
    """

    step: int
    epoch: float = 0.0
    loss: float | None = None
    learning_rate: float = 0.0
    gradient: float = 0.0
    tokens: int = 0
    trained: int = 0
    seconds: float = 0.0
    memory: int = 0
    dev: DevLoss | None = None
    samples: tuple[Sample, ...] = ()


class Metrics:
    """`metrics.jsonl`, appended to."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: list[StepLine] = []

    def begin(self, step: int) -> None:
        """Keep the lines up to a checkpoint's step; what came after it happens again."""
        found = read_metrics(self.file) if step else []
        self.lines = [line for line in found if line.step <= step]
        write_whole(self.file, b"".join(map(_encoded, self.lines)))

    def add(self, line: StepLine) -> None:
        """Append a line. Raises `G4tuiError` for a full disk."""
        self.lines.append(line)
        try:
            with self.file.open("ab") as stream:
                stream.write(_encoded(line))
        except OSError as error:
            raise disk_error(self.file, error) from error

    def sync(self) -> None:
        """To the disk, before a checkpoint counts on it."""
        with self.file.open("rb") as stream:
            os.fsync(stream.fileno())


def read_metrics(file: Path) -> list[StepLine]:
    """The whole lines of a metrics file; none where there is no file."""
    if not file.is_file():
        return []
    found = []
    for line in file.read_bytes().split(b"\n"):
        try:
            found.append(msgspec.json.decode(line, type=StepLine))
        except msgspec.DecodeError:
            break  # the end of a file that a kill cut
    return found


def _encoded(line: StepLine) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def write_curve(file: Path, lines: Sequence[StepLine], title: str) -> None:
    """The losses of steps and evaluations as a PNG."""
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    steps = [(line.step, line.loss) for line in lines if line.loss is not None]
    if steps:
        axes.plot(*zip(*steps, strict=True), color="#9aa5b1", linewidth=1, label="training step")
    dev = [(line.step, line.dev) for line in lines if line.dev is not None]
    if dev:
        axes.plot(
            [step for step, _ in dev],
            [loss.loss for _, loss in dev],
            color="#c2410c",
            marker="o",
            markersize=4,
            label="held-back rows",
        )
    axes.set(title=title, xlabel="step", ylabel="loss (nats a token)")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=120)
    write_whole(file, data.getvalue())
