"""Model files: the catalogue, pulling, and what lies on this machine."""

from g4tui.models.catalogue import DEFAULT, CatalogueEntry, catalogue
from g4tui.models.info import FileInfo, TypeShare
from g4tui.models.library import Library

__all__ = ["DEFAULT", "CatalogueEntry", "FileInfo", "Library", "TypeShare", "catalogue"]
