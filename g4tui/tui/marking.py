"""Where a text that is looked for stands in another, whatever the case and the accents."""

from g4tui.store.fold import folded


class Needle:
    """What is looked for. `spans` are in characters of the text that is given."""

    def __init__(self, text: str) -> None:
        self._letters = _Letters()
        self._wanted = self._plain(text.strip())

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def is_in(self, text: str) -> bool:
        """Whether it is there."""
        return self._wanted in self._plain(text)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Every place, start and end, without overlap."""
        plain, size = self._plain(text), len(self._wanted)
        found: list[tuple[int, int]] = []
        at = plain.find(self._wanted) if size else -1
        while at >= 0:
            found.append((at, at + size))
            at = plain.find(self._wanted, at + size)
        return found

    def _plain(self, text: str) -> str:
        return text.lower() if text.isascii() else text.translate(self._letters)


class _Letters(dict[int, str]):
    """For `str.translate`: letters folded one to one; those that cannot be stay as they are."""

    def __missing__(self, code: int) -> str:
        fold = folded(chr(code))
        self[code] = fold if len(fold) == 1 else chr(code)
        return self[code]
