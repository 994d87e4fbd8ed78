"""Answers that models give to prompts they never saw: do they stop, how long, how fast."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import fmean, median

import msgspec

from g4tui.core import Cancel
from g4tui.paths import Paths
from g4tui_training.evaluate.measured import Answer
from g4tui_training.evaluate.subjects import Subject, find_subject
from g4tui_training.lines import Line, read_lines
from g4tui_training.progress import Ticker
from g4tui_training.writing import write_whole

MAX_TOKENS = 256


class Said(Answer, frozen=True, kw_only=True):
    """A line of answers.jsonl. `digest` is of the model's files."""

    model: str
    prompt: str
    digest: str
    peak_bytes: int | None = None


class AnswerSummary(msgspec.Struct, frozen=True):
    """One model's answers. `stop_rate`: the share that ended by itself within `max_tokens`.

    Rates and times are medians; on a machine that did other work they are too low.
    """

    name: str
    n: int
    max_tokens: int
    stop_rate: float
    mean_tokens: float
    first_s: float | None
    tok_per_s: float | None
    peak_bytes: int | None


def answer_all(
    subjects: Sequence[Subject],
    prompts: Sequence[str],
    journal: Path,
    *,
    folder: Path,
    paths: Paths,
    max_tokens: int = MAX_TOKENS,
    say: Callable[[str], None] = lambda line: None,
    cancel: Cancel | None = None,
) -> list[list[Said]]:
    """Each subject's answer to each prompt; a killed run goes on where it was."""
    found = [find_subject(subject, folder, paths) for subject in subjects]
    digests = [f"{each.digest[:16]}-{max_tokens}" for each in found]
    known = _read(journal)
    wanted = [
        (subject.name, digest, prompt)
        for subject, digest in zip(subjects, digests, strict=True)
        for prompt in prompts
    ]
    write_whole(journal, b"".join(_line(known[key]) for key in wanted if key in known))
    ticker = Ticker(say)
    for subject, digest, place in zip(subjects, digests, found, strict=True):
        left = [prompt for prompt in prompts if (subject.name, digest, prompt) not in known]
        if not left:
            continue
        say(f"{subject.name}: {len(left)} of {len(prompts)} prompts to answer")
        with closing(place.open(paths)) as model, journal.open("ab", buffering=0) as stream:
            for prompt in left:
                if cancel is not None and cancel.requested:
                    raise KeyboardInterrupt
                answer = model.answer(prompt, max_tokens)
                said = Said(
                    **msgspec.structs.asdict(answer),
                    model=subject.name,
                    prompt=prompt,
                    digest=digest,
                    peak_bytes=model.peak_bytes(),
                )
                stream.write(_line(said))
                known[subject.name, digest, prompt] = said
                ticker.tick(lambda: f"{len(known)} of {len(wanted)} answers")
    return [
        [known[subject.name, digest, prompt] for prompt in prompts]
        for subject, digest in zip(subjects, digests, strict=True)
    ]


def answer_summary(said: Sequence[Said], max_tokens: int) -> AnswerSummary:
    """What they come to."""
    peaks = [each.peak_bytes for each in said if each.peak_bytes is not None]
    return AnswerSummary(
        name=said[0].model,
        n=len(said),
        max_tokens=max_tokens,
        stop_rate=fmean(each.stopped for each in said),
        mean_tokens=fmean(each.tokens for each in said),
        first_s=_median(each.first_s for each in said),
        tok_per_s=_median(each.tok_per_s for each in said),
        peak_bytes=max(peaks) if peaks else None,
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _read(journal: Path) -> dict[tuple[str, str, str], Said]:
    decoder = msgspec.json.Decoder(Said)
    known: dict[tuple[str, str, str], Said] = {}
    for line in read_lines(journal) if journal.is_file() else ():
        if not isinstance(line, Line):
            continue
        try:
            said = decoder.decode(line.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # the line that a killed process was writing
        known[said.model, said.digest, said.prompt] = said
    return known


def _line(said: Said) -> bytes:
    return msgspec.json.encode(said) + b"\n"
