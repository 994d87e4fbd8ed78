"""Names of sessions and messages: short, unique, and sorted as they were made."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
STAMP_LENGTH = 9
RANDOM_LENGTH = 5
LATEST_STAMP = 32**STAMP_LENGTH - 2**40


def new_id(now: float, last: str | None) -> str:
    """14 characters: milliseconds since 1970, then chance. `now` is in seconds.

    Sorts after `last` (the newest id so far) though the clock was set back.
    """
    stamp = min(max(int(now * 1000), 0), LATEST_STAMP)
    if last is not None:
        stamp = max(stamp, _decoded(last[:STAMP_LENGTH]) + 1)
    return _encoded(stamp, STAMP_LENGTH) + _encoded(
        secrets.randbelow(32**RANDOM_LENGTH), RANDOM_LENGTH
    )


def _encoded(number: int, length: int) -> str:
    digits = [ALPHABET[number >> 5 * place & 31] for place in reversed(range(length))]
    return "".join(digits)


def _decoded(text: str) -> int:
    number = 0
    for character in text:
        number = number * 32 + ALPHABET.index(character)
    return number
