"""The model files of this machine, and how more of them come here."""

import re
from collections.abc import Callable, Set
from pathlib import Path

import msgspec

from g4tui.core import Cancel, G4tuiError, ModelFile
from g4tui.formats import describe_file
from g4tui.models import pulling
from g4tui.models.catalogue import entry_named
from g4tui.models.headers import HeaderCache
from g4tui.models.info import FileInfo, file_info
from g4tui.models.locks import held
from g4tui.models.registry import Known, Registry
from g4tui.models.sources import SUFFIXES, PathSource, check_name, name_of, parse_source
from g4tui.models.transfer import hash_file, storage_error
from g4tui.paths import Paths, private_folder

_LATER_PART = re.compile(r"-(\d{5})-of-\d{5}\.gguf")


class Library:
    """Files in the models folder, and files elsewhere that were registered under a name.

    A file of the folder is `NAME.gguf`; a registered one stays where it is. Everything blocks:
    call it from a thread. Two g4tui at once are fine.
    """

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def files(self) -> list[ModelFile]:
        """All model files by name, sound or not. Raises `G4tuiError` of kind `storage`."""
        cache = HeaderCache(private_folder(self._paths.cache) / "model-headers.json")
        found, known = self._found(), self._registry.read()
        paths = set(map(str, found.values()))
        return [
            _titled(_with_known(file, known.get(file.name, Known()), paths))
            for file in cache.describe(found)
        ]

    def find(self, name: str) -> ModelFile:
        """The file of a name, a path, or a model's full name (`llama-cpp:NAME`).

        Raises `G4tuiError` of kind `missing`, with the way to get it where it can be pulled.
        """
        bare = name.partition(":")[2] or name
        files = self.files()
        for file in files:
            if file.name in (name, bare) or file.path in (name, bare):
                return file
        for text in (name, bare):
            path = Path(text).expanduser().absolute()
            if path.exists():
                return describe_file(path)
        remedy = "See what is here with: g4tui models"
        if entry_named(bare):
            remedy = f"g4tui models pull {bare}"
        raise G4tuiError("missing", "There is no such model", name, remedy)

    def info(self, name: str) -> FileInfo:
        """What the header of `find(name)` tells. Raises `G4tuiError` also when it is damaged."""
        file = self.find(name)
        return file_info(file, self._registry.read().get(file.name, Known()))

    def doubt(self, file: ModelFile, *, deep: bool = False) -> str:
        """Why a file is not what was pulled under its name; empty when nothing says so.

        `deep` reads it whole. Raises `G4tuiError` of kind `storage`.
        """
        known, path = self._registry.read().get(file.name, Known()), Path(file.path)
        if not known.source or path.parent != self._paths.models or file.error:
            return ""
        entry = entry_named(file.name)
        size = entry.size_bytes if entry and entry.exact and entry.source == known.source else None
        if size not in (None, file.size_bytes):
            return f"it has {file.size_bytes} bytes, and was pulled with {size}"
        if not deep or not known.sha256:
            return ""
        try:
            found = hash_file(path, Cancel()).hexdigest()
        except OSError as error:
            raise storage_error(path, error) from error
        same = found == known.sha256
        return "" if same else f"its sha256 is {found}, and was {known.sha256} when it was pulled"

    def pull(
        self,
        name_or_source: str,
        progress: Callable[[int, int], None],
        cancel: Cancel,
        *,
        name: str = "",
    ) -> ModelFile:
        """Get a model by its catalogue name or source, under `name` (else the source's own).

        `progress(done, total)` is in bytes, `total` 0 when unknown. A path is registered and stays
        where it is. What comes over the network is checked, goes on after a stop or a broken
        connection, and appears all at once. Raises `G4tuiError`.
        """
        entry = entry_named(name_or_source)
        source = parse_source(entry.source if entry else name_or_source)
        name = check_name(name) if name else entry.name if entry else name_of(source)
        if isinstance(source, PathSource):
            return self.register(source.path, name)
        known = self._registry.read().get(name)
        if known is not None and known.path:
            raise _taken(name, known.path)
        order = pulling.Order(
            name=name,
            source=source,
            text=entry.source if entry else name_or_source,
            folder=self._paths.models,
            sha256=entry.sha256 if entry else "",
            size=entry.size_bytes if entry and entry.exact else None,
        )
        with held(self._locks, name):
            target, sha256 = pulling.pull(order, known, progress, cancel)
            self._registry.put(name, Known(source=order.text, sha256=sha256))
        return describe_file(target, name)

    def register(
        self, path: Path, name: str = "", card: str = "", base: Path | None = None
    ) -> ModelFile:
        """Know a file under a name, where it lies; `card` is the path of its model card.

        `base` is the file that an adapter was made for.

        Registering the same file again changes its card. Raises `G4tuiError`: `missing` or `model`
        for a file that is not there or damaged, `usage` for a name that another one has.
        """
        path = path.expanduser().absolute()
        name = check_name(name or name_of(PathSource(path)))
        file = describe_file(path, name)
        if not path.is_file():
            raise G4tuiError("missing", "There is no such file", str(path), "Check the path.")
        if file.error:
            raise G4tuiError(
                "model", "That file cannot be used", f"{path}: {file.error}", "Choose another one."
            )
        with held(self._locks, name):
            other = self._found().get(name)
            if other is not None and other != path:
                raise _taken(name, str(other))
            in_folder = path.parent == self._paths.models
            known = Known(
                path="" if in_folder else str(path),
                card=card,
                base=str(base.absolute()) if base else "",
            )
            self._registry.put(name, known)
        return file

    def remove(self, name: str) -> bool:
        """Delete a model of the folder (true), or forget a registered one (false).

        Raises `G4tuiError`: `missing`, `usage` while it is being pulled, `storage`.
        """
        name = name.partition(":")[2] or name
        path = self._found().get(name)
        if path is None:
            raise G4tuiError(
                "missing", "There is no such model", name, "See what is here with: g4tui models"
            )
        with held(self._locks, name):
            inside = path.parent == self._paths.models
            if inside:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    raise _not_deleted(path, error) from error
            self._registry.drop(name)
        return inside

    @property
    def _registry(self) -> Registry:
        return Registry(self._paths.models / "registry.json")

    @property
    def _locks(self) -> Path:
        return self._paths.models / ".locks"

    def _found(self) -> dict[str, Path]:
        """Paths by name; where two would have one name, the later keeps its suffix."""
        found: dict[str, Path] = {}
        try:
            inside = sorted(path for path in self._paths.models.iterdir() if _is_model(path))
        except OSError as error:
            raise G4tuiError(
                "storage", "The models folder cannot be read", f"{error}.", "Check its rights."
            ) from error
        for path in sorted(inside, key=lambda path: SUFFIXES.index(path.suffix.lower())):
            found.setdefault(path.stem, path)
            if found[path.stem] != path:
                found[path.name] = path
        for name, known in self._registry.read().items():
            if known.path:
                found.setdefault(name, Path(known.path))
        return dict(sorted(found.items()))


def _with_known(file: ModelFile, known: Known, paths: Set[str]) -> ModelFile:
    """With its card and, while that is here, the base that it was registered for."""
    base = known.base if known.base in paths else file.base
    return msgspec.structs.replace(file, card=known.card, base=base)


def _titled(file: ModelFile) -> ModelFile:
    """With the catalogue's title: what a header says of itself is often a training run's name."""
    entry = entry_named(file.name)
    return msgspec.structs.replace(file, title=entry.title) if entry and not file.error else file


def _is_model(path: Path) -> bool:
    """Whether it is called one; a folder or a link to nothing is listed with that reason."""
    if path.name.startswith(".") or path.suffix.lower() not in SUFFIXES:
        return False
    part = _LATER_PART.search(path.name)  # llama.cpp finds the others from the first
    return part is None or part[1] == "00001"


def _not_deleted(path: Path, error: OSError) -> G4tuiError:
    remedy = f"Make {path.parent} writable."
    if path.is_dir():
        remedy = "It is a folder: look what is in it, and delete it yourself."
    return G4tuiError("storage", "It cannot be deleted", f"{path}: {error.strerror}.", remedy)


def _taken(name: str, path: str) -> G4tuiError:
    return G4tuiError(
        "usage",
        f"There is a model called {name} already",
        f"It is {path}.",
        f"Give the new one another name, or first: g4tui models rm {name}",
    )
