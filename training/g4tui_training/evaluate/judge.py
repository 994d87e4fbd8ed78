"""Which of two answers is better, by a model that judges: asked twice, with places swapped."""

import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from g4tui.core import Message, Price
from g4tui_training.lines import Line, read_lines
from g4tui_training.spoken import money, several
from g4tui_training.writing import write_whole

# Asks the judge, gives what it says.
Ask = Callable[[tuple[Message, ...]], Awaitable[str]]
# Of a verdict with its reasons, at most.
VERDICT_TOKENS = 400
_BYTES_A_TOKEN = 4
_VERDICT = re.compile(r"\[\[(A|B|C)\]\]")
_SYSTEM = (
    "You are an impartial judge. Two assistants answered the question below. Decide which answer"
    " follows the question better and is more helpful, correct and to the point. The order of the"
    " answers must not matter to you, nor their length. Explain in a sentence or two, then end with"
    " exactly one verdict: [[A]] if A is better, [[B]] if B is better, [[C]] for a tie."
)


class Duel(msgspec.Struct, frozen=True):
    """A prompt and the answers of two models to it."""

    prompt: str
    a: str
    b: str


class Judged(msgspec.Struct, frozen=True):
    """A line of judge.jsonl: verdicts `a`, `b`, `tie`, empty where the judge gave none.

    `first` is with a's answer shown first, `swapped` with b's, both told as a and b.
    """

    judge: str
    duel: Duel
    first: str
    swapped: str

    @property
    def winner(self) -> str:
        """`a` or `b` where both orders say so, or one does and the other is a tie; else `tie`.

        Empty where an order has no verdict.
        """
        if not (self.first and self.swapped):
            return ""
        said = {self.first, self.swapped} - {"tie"}
        return said.pop() if len(said) == 1 else "tie"


class WinRate(msgspec.Struct, frozen=True):
    """Of `n` duels: how often b won, lost and drew; `unclear`: the judge gave no verdict.

    `swayed`: the orders contradict each other, which counts as a tie. `win_rate` is wins and half
    the ties.
    """

    judge: str
    a: str
    b: str
    n: int
    wins: int
    ties: int
    losses: int
    unclear: int
    swayed: int
    win_rate: float


def unjudged(judge: str, duels: Sequence[Duel], journal: Path) -> list[Duel]:
    """The duels that the journal has no verdict on."""
    known = {(each.judge, each.duel) for each in _read(journal)}
    return [duel for duel in duels if (judge, duel) not in known]


def forecast(duels: Sequence[Duel], price: Price | None) -> str:
    """How often a judge is asked about these, and what that costs at most."""
    texts = [
        message.content for duel in duels for message in _question(duel.prompt, duel.a, duel.b)
    ]
    asked = 2 * sum(len(text.encode()) for text in texts) // _BYTES_A_TOKEN
    told = f"{several(2 * len(duels), 'question')}, about {asked:,} tokens asked"
    if price is None:
        return f"{told}, at a price that nobody told"
    usd = (asked * price.input + 2 * len(duels) * VERDICT_TOKENS * price.output) / 1e6
    return f"{told}, {money(usd)} at most" if usd else f"{told}, free"


async def judge_all(judge: str, duels: Sequence[Duel], journal: Path, ask: Ask) -> list[Judged]:
    """Ask about every duel that is not in the journal yet; each is appended at once."""
    known = {(each.judge, each.duel): each for each in _read(journal)}
    kept = [known[judge, duel] for duel in duels if (judge, duel) in known]
    write_whole(journal, b"".join(map(_line, kept)))
    with journal.open("ab", buffering=0) as stream:
        for duel in duels:
            if (judge, duel) in known:
                continue
            first = verdict(await ask(_question(duel.prompt, duel.a, duel.b)))
            swapped = verdict(await ask(_question(duel.prompt, duel.b, duel.a)))
            other = {"a": "b", "b": "a"}
            judged = Judged(judge, duel, first, other.get(swapped, swapped))
            stream.write(_line(judged))
            known[judge, duel] = judged
    return [known[judge, duel] for duel in duels]


def win_rate(judge: str, a: str, b: str, judged: Sequence[Judged]) -> WinRate:
    """How b did against a."""
    winners = [each.winner for each in judged]
    wins, ties, losses = (winners.count(name) for name in ("b", "tie", "a"))
    clear = wins + ties + losses
    return WinRate(
        judge,
        a,
        b,
        n=len(judged),
        wins=wins,
        ties=ties,
        losses=losses,
        unclear=len(judged) - clear,
        swayed=sum({each.first, each.swapped} == {"a", "b"} for each in judged),
        win_rate=(wins + ties / 2) / clear if clear else 0.5,
    )


def verdict(text: str) -> str:
    """`a`, `b` or `tie`; empty where there is none, or more than one."""
    found = set(_VERDICT.findall(text))
    return {"A": "a", "B": "b", "C": "tie"}[found.pop()] if len(found) == 1 else ""


def _question(prompt: str, a: str, b: str) -> tuple[Message, ...]:
    text = (
        f"[Question]\n{prompt}\n\n[Answer of A]\n{a}\n[End of A]\n\n[Answer of B]\n{b}\n[End of B]"
    )
    return (Message("system", _SYSTEM), Message("user", text))


def _read(journal: Path) -> list[Judged]:
    decoder = msgspec.json.Decoder(Judged)
    judged = []
    for line in read_lines(journal) if journal.is_file() else ():
        if isinstance(line, Line):
            try:
                judged.append(decoder.decode(line.data))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # the line that a killed process was writing
    return judged


def _line(judged: Judged) -> bytes:
    return msgspec.json.encode(judged) + b"\n"
