"""What a plugin made, whose types nothing has looked at yet."""

from typing import Any, TypeVar

import msgspec

Value = TypeVar("Value", bound=msgspec.Struct)


def checked(value: object, kind: type[Value]) -> Value:
    """`value`, if it is a `kind` down to its last field: msgspec checks only what it converts.

    Raises `TypeError`, `msgspec.ValidationError`.
    """
    if not isinstance(value, kind):
        raise TypeError(f"it gave a {type(value).__name__}, not a {kind.__name__}")
    builtin: Any = msgspec.to_builtins(value)
    return msgspec.convert(builtin, kind)
