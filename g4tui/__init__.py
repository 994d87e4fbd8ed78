"""A terminal chat with a model on your own CPU, beside its teacher."""

__version__ = "0.1.0"
