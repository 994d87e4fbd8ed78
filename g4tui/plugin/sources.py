"""Where plugins come from: entry points, and objects given by tests."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from g4tui.plugin.hookspecs import PROJECT


@dataclass(frozen=True)
class Source:
    """A plugin that could be loaded; nothing of it has been imported.

    `module` is what its entry point names; `extras` are those of its distribution.
    """

    name: str
    module: str
    distribution: str
    version: str
    load: Callable[[], object]
    extras: tuple[str, ...] = ()

    @property
    def ours(self) -> bool:
        """Whether it comes with g4tui itself."""
        return self.distribution == PROJECT


def installed_sources() -> list[Source]:
    """What the entry points of the installed distributions name, in the order of `sys.path`."""
    from importlib.metadata import entry_points  # 30 ms that `g4tui --help` must not pay

    sources = []
    for point in entry_points(group=PROJECT):
        package = point.dist
        sources.append(
            Source(
                name=point.name,
                module=point.value,
                distribution=_normal(package.name) if package else "",
                version=package.version if package else "",
                load=point.load,
                extras=tuple(package.metadata.get_all("Provides-Extra") or ()) if package else (),
            )
        )
    return sources


def given_sources(extra: Mapping[str, object]) -> list[Source]:
    """Objects that stand for loaded modules."""
    return [Source(name, "", "", "", _returning(value)) for name, value in extra.items()]


def without_repetition(sources: Iterable[Source]) -> tuple[dict[str, Source], list[Source]]:
    """The first source of each name, and those that came too late."""
    first: dict[str, Source] = {}
    late = []
    for source in sources:
        if first.setdefault(source.name, source) is not source:
            late.append(source)
    return first, late


def _returning(value: object) -> Callable[[], object]:
    return lambda: value


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
