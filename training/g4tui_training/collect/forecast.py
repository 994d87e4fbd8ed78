"""What a collection will take, told before it begins."""

from dataclasses import dataclass

from g4tui_training.collect.budget import Rates, most_tokens
from g4tui_training.collect.journal import Known
from g4tui_training.collect.questions import Question
from g4tui_training.recipe import Collect
from g4tui_training.spoken import duration, money, several

# Before there are answers: a usual length, and the speeds of a server and of two cores.
ANSWER_TOKENS = 250
SERVER_TOKENS_S, NATIVE_TOKENS_S, FIRST_TOKEN_S = 60.0, 30.0, 0.5
_BYTES_A_TOKEN = 4
_ENOUGH = 20


@dataclass
class Forecast:
    """Sums over questions. Tokens of prompts are estimated, `most` is the most they can be."""

    prompts: int = 0
    before: int = 0
    tokens: int = 0
    most: int = 0

    def count(self, question: Question, failed_before: bool) -> None:
        """Add one."""
        texts = question.texts
        self.prompts += 1
        self.before += failed_before
        self.tokens += sum(len(text.encode("utf-8", "replace")) for text in texts) // _BYTES_A_TOKEN
        self.tokens += 4 * len(texts)
        self.most += most_tokens(texts)


@dataclass(frozen=True)
class Conditions:
    """What a forecast depends on. `native`: the teacher computes on this machine."""

    collect: Collect
    rates: Rates
    native: bool
    batch: bool


def told(forecast: Forecast, known: Known, conditions: Conditions) -> list[str]:
    """Lines for a person: the first says it all, the others on what it rests."""
    collect, rates = conditions.collect, conditions.rates
    limit = rates.max_tokens
    answered = len(known.answers)
    answer = min(limit, ANSWER_TOKENS)
    if answered >= _ENOUGH:
        answer = max(1, known.completion_tokens // answered)
    usd = rates.cost(forecast.tokens, forecast.prompts * answer)
    most = rates.cost(forecast.most, forecast.prompts * limit)
    asked = forecast.tokens // max(1, forecast.prompts)
    seconds = _seconds(forecast, known, conditions, asked, answer)
    first = [several(forecast.prompts, "prompt"), _price(usd, rates)]
    first.append("within a day" if conditions.batch else f"about {duration(seconds)}")
    since = "as the answers so far" if answered >= _ENOUGH else "a guess"
    lines = [
        ", ".join(first),
        f"  {asked:,} tokens asked and {answer:,} answered each ({since}).",
    ]
    if forecast.before:
        lines.append(f"  {forecast.before:,} of them failed before.")
    if (price := rates.price) is not None and rates.are_known:
        half = f", times {rates.share:g} in a batch" if rates.share != 1 else ""
        lines.append(
            f"  ${price.input:g} for a million tokens asked, ${price.output:g} answered{half};"
            f" {money(most)} if every answer is as long as it may be."
        )
    if known.usd:
        lost = f", up to {money(known.lost_usd)} of it for nothing" if known.lost_usd else ""
        lines.append(f"  {money(known.usd)} are spent already{lost}.")
    if collect.max_usd is not None and known.usd + most > collect.max_usd:
        lines.append(f"  It stops before {money(collect.max_usd)} in all (max_usd).")
    if collect.max_tokens is not None:
        lines.append(f"  It stops before {collect.max_tokens:,} tokens in all (max_tokens).")
    return lines


def _price(usd: float, rates: Rates) -> str:
    if rates.price is None:
        return "at a price that nobody told"
    return f"about {money(usd)} at these prices" if rates.are_known else "free"


def _seconds(
    forecast: Forecast, known: Known, conditions: Conditions, asked: int, answer: int
) -> float:
    collect = conditions.collect
    speed = NATIVE_TOKENS_S if conditions.native else SERVER_TOKENS_S
    one = known.seconds / known.timed if known.timed >= _ENOUGH else FIRST_TOKEN_S + answer / speed
    times = [one / (1 if conditions.native else collect.concurrency)]
    if collect.requests_per_minute:
        times.append(60 / collect.requests_per_minute)
    if collect.tokens_per_minute:
        times.append(60 * (asked + answer) / collect.tokens_per_minute)
    return forecast.prompts * max(times)
