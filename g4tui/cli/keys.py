"""`g4tui keys`: API keys kept for one server's address each."""

import sys

import click

from g4tui.cli.app import App, pass_app
from g4tui.cli.lazy import common, json_option

ServerArgument = click.argument("server", metavar="SERVER")


@click.group()
@common
def keys() -> None:
    """Keep API keys of servers.

    SERVER is what stands before the colon of a model's name: openai, or openai@NAME for a server
    in [backends.openai.servers.NAME]. A key is only ever sent to the address it was set for.
    """


@keys.command("set")
@ServerArgument
@click.option("--url", help="The server's address, where the settings do not give it.")
@json_option
@pass_app
def set_command(app: App, server: str, url: str | None) -> None:
    """Ask for the key of SERVER, or read it from standard input, and keep it."""
    from g4tui.keys import origin_of

    server, address = _server(app, server, url)
    origin = origin_of(address)
    if sys.stdin is not None and sys.stdin.isatty():
        key = click.prompt(f"Key for {origin}", hide_input=True, err=True, type=str)
    else:
        key = sys.stdin.readline(65536) if sys.stdin is not None else ""
    place = app.keys.set(server, origin, key)
    if app.json:
        app.emit({"server": server, "origin": origin, "place": place})
    else:
        where = "the system's keyring" if place == "keyring" else str(app.paths.keys_file)
        app.say(f"Kept in {where}, for {origin} only.")


@keys.command("list")
@json_option
@pass_app
def list_command(app: App) -> None:
    """Show which keys there are, and never a key."""
    from g4tui.cli.output import table

    found = app.keys.list()
    if app.json:
        app.emit(found)
    elif not found:
        app.say("No key is kept. Add one with: g4tui keys set openai")
    else:
        rows = [(each.server, each.origin, each.place) for each in found]
        app.say(table(rows, ("SERVER", "ORIGIN", "KEPT IN")))


@keys.command()
@ServerArgument
@json_option
@pass_app
def rm(app: App, server: str) -> None:
    """Forget the key of SERVER."""
    from g4tui.core import G4tuiError

    number = app.keys.remove(server)
    if not number:
        kept = ", ".join(sorted({each.server for each in app.keys.list()})) or "none"
        remedy = "See where keys come from with: g4tui keys list"
        raise G4tuiError("missing", f"No key is kept for {server}", f"Kept: {kept}.", remedy)
    if app.json:
        app.emit({"server": server, "removed": number})
    else:
        app.say(f"The key for {server} is gone.")


def _server(app: App, name: str, url: str | None) -> tuple[str, str]:
    """The full name of a server and its address, from the settings."""
    from g4tui.core import G4tuiError
    from g4tui.keys import OPENAI_ORIGIN

    backend, _, server = name.partition("@")
    tables = app.settings.backends
    if not server and backend not in tables:  # `local` alone, for openai@local
        owners = [each for each, table in tables.items() if backend in _servers(table)]
        if len(owners) == 1:
            backend, server = owners[0], backend
            name = f"{backend}@{server}"
    if url is not None:
        return name, url
    table = tables.get(backend, {})
    found = _servers(table).get(server) if server else table
    address = found.get("base_url") if isinstance(found, dict) else None
    if isinstance(address, str):
        return name, address
    if name == "openai":
        return name, OPENAI_ORIGIN
    raise G4tuiError(
        "usage",
        f"The address of {name} is not known",
        "A key is bound to its server's address.",
        f"Name it: g4tui keys set {name} --url https://HOST/v1",
    )


def _servers(table: dict[str, object]) -> dict[str, object]:
    servers = table.get("servers", {})
    return servers if isinstance(servers, dict) else {}
