"""Our own looks: a dark and a light one, beside Textual's; all of them for 16 colours."""

from typing import TypedDict

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


class _Marks(TypedDict):
    """The colours that say something."""

    primary: str
    secondary: str
    accent: str
    success: str
    warning: str
    error: str


def has_few_colours() -> bool:
    """Whether the terminal has 16 colours, as far as its name tells."""
    from rich.console import Console
    from textual.constants import COLOR_SYSTEM

    # as the application's own console finds out
    console = Console(force_terminal=True, color_system=COLOR_SYSTEM)  # type: ignore[arg-type]
    return console.color_system == "standard"


def theme_of_16(theme: Theme) -> Theme:
    """What stands in for `theme` where there are 16 colours: a dark or a light one.

    The nearest one to a warm accent is an error's red there, and the tint of a ground is the ground
    itself. Themes that are made of the terminal's own colours stay.
    """
    if theme.ansi:
        return theme
    if theme.dark:
        return _of_16(
            theme.name,
            ground="#000000",
            field="#0000aa",
            words="#ffffff",
            faint="#aaaaaa",
            marks=_Marks(
                primary="#55ffff",
                secondary="#ff55ff",
                accent="#ffff55",
                success="#55ff55",
                warning="#ffff55",
                error="#ff5555",
            ),
        )
    return _of_16(
        theme.name,
        ground="#ffffff",
        field="#aaaaaa",
        words="#000000",
        faint="#000000",  # the dark grey of many terminals is too light for words
        marks=_Marks(
            primary="#0000aa",
            secondary="#aa00aa",
            accent="#aa00aa",
            success="#0000aa",
            warning="#aa00aa",
            error="#aa0000",
        ),
    )


def _of_16(name: str, *, ground: str, field: str, words: str, faint: str, marks: _Marks) -> Theme:
    """A theme of colours that terminals have as they are: none is a mix of two."""
    written = {f"text-{mark}": str(colour) for mark, colour in marks.items()}
    return Theme(
        name=name,
        foreground=words,
        background=ground,
        surface=ground,
        panel=ground,
        dark=ground == "#000000",
        variables=written
        | {
            "foreground-muted": faint,
            "text-muted": faint,
            "text-disabled": faint,
            "input-cursor-background": words,
            "input-cursor-foreground": ground,
            "input-selection-background": marks["primary"],
            "input-selection-foreground": ground,
            "boost": field,
            "boost-lighten-1": field,
            "block-hover-background": ground,
        },
        **marks,
    )
