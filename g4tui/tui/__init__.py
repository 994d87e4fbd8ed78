"""The screens: the one package that knows Textual."""
