"""Rule `refusal`: answers that decline; and the label of those that hedge, then help.

Only the beginning of an answer is looked at: further in, "I cannot" is mostly somebody's speech.
An answer that opens with such a phrase and goes on to help is no refusal: it gets the label
`hedged` and stays.
"""

import re
from collections.abc import Sequence
from typing import Literal

Stance = Literal["answers", "hedged", "refuses"]

_CANNOT = (
    r"(?:can ?not|can't|won't|will not|would not"
    r"|(?:am|'m|are|be) (?:not able|unable|not capable|incapable|not allowed|not permitted|not"
    r" programmed|not equipped|not authori[sz]ed)|(?:do not|don't) have"
    r"|(?:must|have to|need to) (?:decline|refuse)|decline|refuse|(?:am|'m) not connected)"
)
_DO = (
    r"(?:assist|help|provide|answer|fulfil+|comply|complete|generate|create|write|give|offer|share"
    r"|support|engage|discuss|continue|do (?:that|this|so)|perform|access|browse|search|recommend"
    r"|produce|draw|open|view|see|read|visit|tell|say|predict|make|translate|process|execute|run"
    r"|proceed|participate|promote|endorse|condone|encourage)"
)
_PHRASES = (
    # As an AI language model, I cannot ...
    rf"\bas an? (?:[a-z-]+ ){{0,3}}(?:ai|a\.i\.|language model|artificial intelligence"
    r"|assistant|chat ?bot)\b"
    rf".{{0,70}}?\b(?:i|it|we)\b ?{_CANNOT}",
    r"\bas an? (?:[a-z-]+ ){0,3}(?:ai|language model)\b.{0,60}?\bit is not"
    r" (?:ethical|appropriate|possible|advisable)",
    # I'm sorry, but I can't ...
    rf"\b(?:sorry|apologi[sz]e|apologies|regret|unfortunately|afraid)\b[^.!?]{{0,60}}?"
    rf"\b(?:i|we)\b ?(?:{_CANNOT}|(?:do not|don't) know)",
    r"\blimitations?\b[^.!?]{0,20}\bnot allow(?:ing)? me\b",
    r"\b(?:i am|i'm) not connected to the (?:internet|web)\b",
    # I cannot help with that.
    rf"^\s*(?:i|we)\b ?{_CANNOT}(?: \w+)? (?:to )?{_DO}\b(?! but\b)",
    rf"(?<!if )(?<![\"'\u201c\u2018])\b(?:i|we)\b ?{_CANNOT}"
    r" (?:assist|help|comply|fulfil+|answer|complete)\b(?! but\b)"
    r"(?! (?:with )?(?:absolute|full|complete|any)? ?certainty)",
    r"^\W*(?:i|we) (?:can ?not|can't|won't|will not)\W*$",
    r"\b(?:against|violates?) (?:my|our|the|openai'?s?) (?:[a-z-]+ ){0,2}"
    r"(?:programming|guidelines|polic(?:y|ies)|principles|terms|rules)\b",
    r"^\W*(?:sorry|no)\b[^.!?]{0,40}\b(?:is|are|would be) (?:not (?:appropriate|ethical|legal)"
    r"|inappropriate|unethical|illegal)\b",
)
_TURN = re.compile(
    r"\b(?:however|but|instead|nevertheless|nonetheless|that said|still|though|alternatively)\b"
    r"[^.!?]{0,80}?\b(?:i (?:can|could|will|would|am able)|i'(?:ll|d|m able)|here(?:'s| is| are)"
    r"|you (?:can|could|may|might)|let(?:'s| me| us)|we (?:can|could))\b"
    r"|\b(?:here(?:'s| is| are) (?:a|an|some|the|how)|below (?:is|are)|for example)\b"
    r"|```|^\s*(?:1[.)]|[-*•]) ",
    re.IGNORECASE | re.MULTILINE,
)
# "As an AI, I don't have opinions" is a remark before an answer, not a way out of it.
_REMARK = re.compile(
    r"\b(?:do not|don't) have (?:any |personal |my own |real )*(?:opinion|thought|feeling|emotion"
    r"|belief|preference|consciousness|experience|taste)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n")
_FAR = 80
_BRIEF = 150
_ENOUGH = 450
_PLENTY = 900


class RefusalPhrases:
    """The list, with what a recipe adds to it."""

    def __init__(self, extra: Sequence[str] = (), head_chars: int = 120) -> None:
        phrases = "|".join(f"(?:{phrase})" for phrase in (*_PHRASES, *extra))
        self._phrases = re.compile(phrases, re.IGNORECASE | re.DOTALL)
        self._head_chars = head_chars

    def stance(self, response: str) -> tuple[Stance, str]:
        """What an answer does, and the phrase that tells."""
        head = _beginning(response, self._head_chars).replace("\u2019", "'")
        found = self._phrases.search(head)
        if found is None:
            return "answers", ""
        return ("hedged" if _helps(response) else "refuses"), " ".join(found[0].split())


def _beginning(response: str, chars: int) -> str:
    """So many characters, and the rest of the sentence in which they end, if that is not far."""
    end = _SENTENCE_END.search(response, chars - 1, chars + _FAR)
    whole = len(response) <= chars + _FAR
    return (response if whole and not end else response[: end.end() if end else chars]).strip()


def _helps(response: str) -> bool:
    """Whether an answer goes on to help: long, or fairly long with a turn towards it."""
    if _REMARK.search(response[:_BRIEF].replace("\u2019", "'")):
        return len(response) > _BRIEF
    if len(response) >= _PLENTY:
        return True
    return len(response) >= _ENOUGH and _TURN.search(response) is not None
