"""What was found, as a table in Markdown: a row a measurement, a column a program."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.peers import install
from benchmarks.peers.kill import Kept
from benchmarks.peers.server import RATES, TOKENS, marks
from benchmarks.peers.stream import Streamed

Found = Mapping[tuple[str, str], list[Any]]
TRAINERS = """
| trainer | beside ours |
| --- | --- |
| TRL 1.16 SFTTrainer | the rows above |
| axolotl 0.19.0 | n/a: wants transformers 5.16.1, trl 1.9.0 and torch <= 2.13, with xformers, \
triton, bitsandbytes and torchao, which are for CUDA: gigabytes, and no use on this processor |
| unsloth 2026.10.9 | n/a: wants xformers, triton and bitsandbytes, which are for CUDA |
| LLaMA-Factory 0.9.5 | n/a: wants transformers <= 5.6 and peft <= 0.18.1: a second torch stack of \
gigabytes; it trains through TRL's and transformers' Trainer |

Read off what each wants: `pip download --no-deps NAME==VERSION`, and METADATA in its wheel."""


def chats(found: Found, failed: Mapping[tuple[str, str], str], names: Sequence[str]) -> str:
    """The table."""
    versions = dict(line.split("==") for line in install.VERSIONS.read_text().split())
    nothing, bare = median(found["nothing", ""]), median(found["bare", ""])
    rows: list[tuple[str, str, Callable[[list[Any]], str]]] = [
        ("`--version` / `python -c pass`", "--version", lambda all_: _ratio(all_, nothing)),
        ("`--help` / `python -c pass`", "--help", lambda all_: _ratio(all_, nothing)),
        ("first paint / a bare Textual app's", "paint", lambda all_: _ratio(all_, bare)),
    ]
    for rate in RATES:
        what = f"stream {rate}"
        rows += [
            (
                f"{TOKENS:,} tokens at {rate}/s: processor, of a core",
                what,
                lambda all_, r=rate: _share(all_, r),
            ),
            ("behind the server: median, worst", what, _behind),
            ("marks of the answer seen, of " + str(len(marks())), what, _seen),
            ("key to screen meanwhile: median, worst", what, _keys),
        ]  # fmt: skip
    rows += [
        ("of an answer, there after `kill -9`", "kill", _kept),
        ("first run with nothing set up says", "first run", lambda all_: f"“{all_[0]}”"),
    ]
    lines = [
        ["", *(f"{name} {versions.get(name, '')}".strip() for name in names)],
        ["---", *("---" for _ in names)],
        ["installed, MB", *(_size(name) for name in names)],
    ]
    for title, what, shown in rows:
        cells = []
        for name in names:
            values = found.get((what, name))
            cells.append(shown(values) if values else f"n/a: {failed.get((what, name), 'not run')}")
        lines.append([title, *cells])
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines
    )


def _size(name: str) -> str:
    size = f"{install.megabytes(name):.0f}"
    return f"{size}; {install.megabytes(install.BASE):.0f} alone" if name == install.OURS else size


def _ratio(values: list[float], yardstick: float) -> str:
    return f"{median(values) / yardstick:.1f} ({1000 * median(values):.0f} ms)"


def _share(rounds: list[Streamed], rate: int) -> str:
    return f"{100 * median(each.processor_s for each in rounds) / (TOKENS / rate):.0f} %"


def _behind(rounds: list[Streamed]) -> str:
    lags = [each.lags_s for each in rounds if each.lags_s]
    return (
        f"{_time(median(map(median, lags)))}, {_time(median(map(max, lags)))}"
        if lags
        else "n/a: nothing seen"
    )


def _seen(rounds: list[Streamed]) -> str:
    count = median(len(each.lags_s) for each in rounds)
    end = sum(each.last_seen for each in rounds) * 2 > len(rounds)
    return f"{count:.0f}, {'and the end' if end else 'not the end'}"


def _keys(rounds: list[Streamed]) -> str:
    keys = [each.keys_s for each in rounds if each.keys_s]
    return (
        f"{_time(median(map(median, keys)))}, {_time(median(map(max, keys)))}"
        if keys
        else "n/a: takes no keys"
    )


def _kept(rounds: list[Kept]) -> str:
    one = rounds[0]
    asked = "the question" if one.question else "not the question"
    return f"{asked}; {one.kept} of {one.shown} marks"


def _time(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
