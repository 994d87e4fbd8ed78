"""Values that JSON can hold: in a broken stream, half a character may stand for a whole one."""

from collections.abc import Mapping


def whole(value: object) -> object:
    """Builtins whose lone surrogates, which have no UTF-8 form, are U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {whole(key): whole(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [whole(part) for part in value]
    return value
