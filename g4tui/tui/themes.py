"""Our own looks: a dark and a light one, beside Textual's."""

from textual.theme import Theme

DARK, LIGHT = "g4tui-dark", "g4tui-light"


def own_themes() -> tuple[Theme, ...]:
    """Quiet grounds, one warm accent, code and marks that stay legible on both."""
    return (
        Theme(
            name=DARK,
            primary="#7aa2f7",
            secondary="#9d8cd6",
            accent="#e0a458",
            foreground="#d5d8de",
            background="#14161a",
            surface="#1b1e24",
            panel="#22262e",
            success="#8cc97f",
            warning="#e0b45c",
            error="#e5707a",
            dark=True,
        ),
        Theme(
            name=LIGHT,
            primary="#2f5fb3",
            secondary="#6a51a3",
            accent="#a85b00",
            foreground="#23262b",
            background="#fbfaf7",
            surface="#f2f0ea",
            panel="#e8e5dc",
            success="#2f7d32",
            warning="#9a6700",
            error="#b3261e",
            dark=False,
        ),
    )
