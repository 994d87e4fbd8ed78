"""Our own looks: a dark and a light one, beside Textual's."""

from textual.theme import Theme

DARK, LIGHT = "g4tui-dark", "g4tui-light"


def own_themes() -> tuple[Theme, ...]:
    """Quiet grounds, one warm accent, code and marks that stay legible on both.

    The variables are those that Textual would make too faint, or clear: `boost` is the ground of
    fields.
    """
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
            variables={
                "foreground-muted": "#d5d8dea6",
                "text-disabled": "auto 55%",
                "input-selection-background": "#7aa2f74d",
                "boost": "#d5d8de12",
                "boost-lighten-1": "#d5d8de1c",
                "block-hover-background": "#d5d8de12",
            },
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
            variables={
                "foreground-muted": "#23262bb8",
                "text-disabled": "auto 58%",
                "boost": "#23262b0d",
                "boost-lighten-1": "#23262b14",
                "block-hover-background": "#23262b0d",
            },
        ),
    )
