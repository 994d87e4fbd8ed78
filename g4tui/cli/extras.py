"""The optional parts of a distribution: which are installed, and the pip line of the others."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from g4tui.plugin.report import PluginReport

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


@dataclass(frozen=True)
class Extra:
    """`packages` maps what the extra needs to the installed version, `None` where it is missing."""

    distribution: str
    name: str
    packages: dict[str, str | None]

    @property
    def missing(self) -> list[str]:
        """What is not installed."""
        return [name for name, found in self.packages.items() if found is None]

    @property
    def line(self) -> str:
        """The command that installs it."""
        return f'pip install "{self.distribution}[{self.name}]"'


def extras_of(distribution: str) -> list[Extra]:
    """Every extra that names packages of others; none for a distribution that is not installed."""
    try:
        names = metadata(distribution).get_all("Provides-Extra") or []
        requirements = requires(distribution) or []
    except PackageNotFoundError:
        return []
    found: dict[str, dict[str, str | None]] = {name: {} for name in names}
    for requirement in requirements:
        package, extra = _REQUIREMENT.match(requirement), _EXTRA.search(requirement)
        if package and extra and extra[1] in found and package[1] != distribution:
            found[extra[1]][package[1]] = _version(package[1])
    return [Extra(distribution, name, packages) for name, packages in found.items() if packages]


def lacking(reports: Iterable[PluginReport], plugin: str) -> Extra | None:
    """What a plugin that was loaded well still needs before it can work; `None`: nothing."""
    for report in reports:
        if report.name == plugin and report.status == "ok":
            extra = extra_of_plugin(report.distribution, plugin)
            return extra if extra is not None and extra.missing else None
    return None


def extra_of_plugin(distribution: str, plugin: str) -> Extra | None:
    """The extra that a plugin needs: the one of its own name."""
    named = [extra for extra in extras_of(distribution) if extra.name == plugin]
    return named[0] if named else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
