"""Splits the thinking that models write between `<think>` tags from the answer."""

from g4tui.core import ReasoningDelta, TextDelta

OPEN, CLOSE = "<think>", "</think>"


class ReasoningSplitter:
    """Fed with the answer's pieces as they come, it collects `text` and `reasoning` apart.

    Thinking counts only at the answer's start, where models put it: a tag quoted later is text.
    Where a template opened the tag in the prompt, only the closing one arrives; what stood before
    it is then moved to `reasoning` (the deltas already told called it text).
    """

    def __init__(self, text: str = "", reasoning: str = "") -> None:
        self.text = text
        self.reasoning = reasoning
        self._held = ""
        self._state = "answer" if text.strip() else "start"
        self._may_close = not text.strip() and not reasoning

    def feed(self, piece: str) -> list[TextDelta | ReasoningDelta]:
        """The deltas that `piece` gives; part of it may be held back until more is known."""
        self._held += piece
        told: list[TextDelta | ReasoningDelta] = []
        while self._held:
            before = (self._state, len(self._held))
            if self._state == "start":
                self._at_start()
            elif self._state == "thinking":
                self._thinking(told)
            else:
                self._answer(told)
            if (self._state, len(self._held)) == before:
                break
        return told

    def add_reasoning(self, piece: str) -> ReasoningDelta:
        """Thinking that a server sent apart from the answer."""
        self.reasoning += piece
        return ReasoningDelta(piece)

    def end(self) -> list[TextDelta | ReasoningDelta]:
        """What was held back, now that nothing more comes."""
        held, self._held = self._held, ""
        if not held:
            return []
        if self._state == "thinking":
            return [self.add_reasoning(held)]
        held = held if self.text else held.lstrip("\n")
        self.text += held
        return [TextDelta(held)] if held else []

    def _at_start(self) -> None:
        seen = self._held.lstrip()
        if seen.startswith(OPEN):
            self._held = seen[len(OPEN) :].lstrip("\n")
            self._state = "thinking"
        elif not OPEN.startswith(seen):
            self._state = "answer"

    def _thinking(self, told: list[TextDelta | ReasoningDelta]) -> None:
        thought, closed, rest = self._held.partition(CLOSE)
        keep = "" if closed else _partial(thought, CLOSE)
        thought = thought[: len(thought) - len(keep)]
        if thought:
            told.append(self.add_reasoning(thought))
        self._held = rest.lstrip() if closed else keep
        if closed:
            self._state, self._may_close = "answer", False

    def _answer(self, told: list[TextDelta | ReasoningDelta]) -> None:
        if not self._may_close:
            piece, self._held = self._held, ""
        else:
            piece, closed, rest = self._held.partition(CLOSE)
            if closed and OPEN in self.text + piece:  # both tags are only talked about
                self._may_close = False
                piece, self._held = self._held, ""
            elif closed:
                self.reasoning, self.text = self.text + piece, ""
                self._held, self._may_close = rest.lstrip(), False
                return
            else:
                self._held = _partial(piece, CLOSE)
                piece = piece[: len(piece) - len(self._held)]
        if not self.text:
            piece = piece.lstrip("\n")
        if piece:
            self.text += piece
            told.append(TextDelta(piece))


def _partial(text: str, tag: str) -> str:
    """The longest end of `text` that may be the beginning of `tag`."""
    for size in range(min(len(tag) - 1, len(text)), 0, -1):
        if tag.startswith(text[-size:]):
            return text[-size:]
    return ""
