"""The teacher of the campaign: well until it is told to misbehave."""

from support import fault_server as fs
from support.faults import FAULTS, streamed
from torture.student import STEP_S, count_of, story

MISDEEDS: dict[str, fs.Handler] = {name: fault[0] for name, fault in FAULTS.items()} | {
    "silent": fs.silent(),
    "pings": fs.then(fs.stream(), fs.pings()),
    "stall": fs.then(streamed(), fs.silent()),
    "pings after words": fs.then(streamed(), fs.pings()),
}
"""Everything that a server can do wrong."""


def teller(connection: fs.Connection) -> None:
    """A good server: `paced 300 ...` is answered with w0 to w299, in step."""
    messages = connection.body["messages"]
    assert isinstance(messages, list)
    count = count_of(str(messages[-1]["content"]))
    connection.send(fs.SSE_HEAD + fs.delta("", role="assistant"))
    for word in story(count).split():
        if not (connection.send(fs.delta(f"{word} ")) and connection.wait(STEP_S)):
            return
    connection.send(fs.delta(finish="stop") + fs.usage(1, count) + fs.DONE)


def asked(connection: fs.Connection) -> str:
    """The question of a request."""
    messages = connection.body.get("messages")
    return str(messages[-1]["content"]) if isinstance(messages, list) and messages else ""
