"""The live view of a training: a few lines that change in a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from g4tui_training.progress import Ticker, is_terminal
from g4tui_training.spoken import duration
from g4tui_training.train.metrics import StepLine

if TYPE_CHECKING:
    from rich.live import Live

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 48
_RECENT = 20


class View:
    """Shows each metrics line; `say` tells plain lines, at most one in ten seconds for steps."""

    def __init__(self, say: Callable[[str], None], seed: int) -> None:
        self._say = say
        self._seed = seed
        self._ticker = Ticker(say, 10.0)
        self._losses: list[float] = []
        self._recent: list[StepLine] = []
        self._dev = ""
        self._live: Live | None = None

    def __enter__(self) -> "View":
        if is_terminal():
            from rich.console import Console
            from rich.live import Live

            console = Console(file=sys.stderr, highlight=False)
            self._live = Live(console=console, auto_refresh=False)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def tell(self, line: StepLine, steps: int) -> None:
        """A step or an evaluation was made."""
        if line.dev is not None:
            self._dev = f"dev loss {line.dev.loss:.4f} after step {line.step:,}"
            self._tell_dev(line)
        if line.loss is not None:
            self._losses.append(line.loss)
            self._recent = [*self._recent, line][-_RECENT:]
        if not self._recent:
            return
        if self._live is not None:
            from rich.text import Text

            self._live.update(Text("\n".join(self._lines(steps))), refresh=True)
        else:
            self._ticker.tick(lambda: "train: " + ", ".join(self._numbers(steps)))

    def _tell_dev(self, line: StepLine) -> None:
        assert line.dev is not None
        sources = ", ".join(f"{name} {each.loss:.3f}" for name, each in line.dev.sources.items())
        self._print(f"train: step {line.step:,}: dev loss {line.dev.loss:.4f} ({sources})")
        for sample in line.samples:
            asked = " ".join(sample.prompt.split())[:60]
            answer = " ".join(sample.answer.split())[:100]
            self._print(f"train:   {asked} -> {answer}")

    def _print(self, text: str) -> None:
        if self._live is None:
            self._say(text)
            return
        from rich.text import Text

        from g4tui.sanitize import clean_line

        self._live.console.print(Text(clean_line(text)))

    def _lines(self, steps: int) -> list[str]:
        """Each fits into 80 columns."""
        last, numbers = self._recent[-1], self._numbers(steps)
        done = last.step * _WIDTH // steps
        return [
            f"seed {self._seed}  {'━' * done}{'╌' * (_WIDTH - done)}",
            f"loss    {sparkline(self._losses, _WIDTH)}",
            "  ".join(numbers[:3]),
            "  ".join([*numbers[3:], self._dev]),
        ]

    def _numbers(self, steps: int) -> list[str]:
        last = self._recent[-1]
        seconds = sum(line.seconds for line in self._recent)
        trained = sum(line.trained for line in self._recent)
        tokens = sum(line.tokens for line in self._recent)
        left = (steps - last.step) * seconds / len(self._recent)
        return [
            f"step {last.step:,} of {steps:,}",
            f"loss {last.loss:.3f}",
            f"{duration(left)} left",
            f"{tokens / seconds:.0f} tokens/s ({trained / seconds:.0f} trained)",
            f"{last.memory / 2**30:.1f} GB",
        ]


def sparkline(values: list[float], width: int) -> str:
    """The course of some numbers in one line, oldest left; each column the mean of its share."""
    if not values:
        return ""
    size = max(1, -(-len(values) // width))
    means = [
        sum(values[start : start + size]) / len(values[start : start + size])
        for start in range(0, len(values), size)
    ]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(_BARS[round((value - low) / span * (len(_BARS) - 1))] for value in means)
