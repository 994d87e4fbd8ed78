"""A guess at what a person meant to type."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`; empty when none is."""
    from difflib import get_close_matches  # only where something went wrong

    names = list(known)
    by_lower = {name.lower(): name for name in reversed(names)}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question to put behind an error; empty when nothing is near."""
    guess = nearest(word, known)
    return f"Did you mean {guess}?" if guess else ""
