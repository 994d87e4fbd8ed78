"""An application in our looks, in as many colours as the terminal has."""

from textual.app import App
from textual.driver import Driver
from textual.theme import Theme

from g4tui.tui.themes import own_themes, theme_of_16


class ThemedApp(App[int]):
    """`theme`: by its name; one that is not known leaves Textual's. `few_colours`: 16 of them."""

    def __init__(self, *, theme: str, few_colours: bool, driver_class: type[Driver] | None) -> None:
        self._few_colours = few_colours  # first: Textual asks for its theme at once
        super().__init__(driver_class=driver_class)
        for own in own_themes():
            self.register_theme(own)
        if theme and theme in self.available_themes:
            self.theme = theme

    def get_theme(self, theme_name: str) -> Theme | None:
        """One that the terminal has the colours for."""
        theme = super().get_theme(theme_name)
        return theme_of_16(theme) if theme is not None and self._few_colours else theme
