"""One model server on loopback, in OpenAI's shape and in Ollama's.

    python -m benchmarks.peers.server LOG

It answers `QUESTION` with `TOKENS` tokens of Markdown, as many a second as the model's name says
(`rate-100`), and anything else (a title for the chat, say) with two words at once. Marks are words
of the answer that occur once; when each was sent is a line of JSON in LOG. Prints its port.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, pairwise
from pathlib import Path
from typing import Any

QUESTION = "Tell me all about small models"
RATES = (100, 200)
TOKENS, SECTIONS = 2_000, 10
SECTION = """\
## Small models {}

A laptop **can** run a small model: the weights of a *quantised* one fit into memory, and a few
threads are enough for reading speed. There is more to it, of course, and `llama.cpp` does most {}

- It needs a file of weights, which is read once and then stays in memory for all that is asked.
- It needs memory for what was said, which grows with every word of the conversation {}
- It is slower than a server, and it is yours.

```python
def answer(question: str) -> str:
    # {}
    return model.generate(question, max_tokens=256)
```

| model | size | speed |
|---|---|---|
| small | 98 MB | 40 tok/s |
| large | 4 GB | {} |

A table is drawn when its end has come, or row by row; a block of code is coloured at its end {}

"""
MARK = re.compile(r"mark\d{4}")


def answer() -> list[str]:
    """The tokens, of about four characters each."""
    numbers = count(1)
    text = re.sub(r"\{\}", lambda _: f"mark{next(numbers):04}", SECTION * SECTIONS).rstrip()
    ends = [len(text) * number // TOKENS for number in range(TOKENS + 1)]
    return [text[start:end] for start, end in pairwise(ends)]


def marks() -> list[str]:
    """All marks, in order."""
    return MARK.findall("".join(answer()))


def paced(rate: int, sent: dict[str, float]) -> Iterator[str]:
    """The tokens, each when it is due; notes when each mark was whole."""
    text = ""
    waiting = marks()
    began = time.monotonic()
    for number, piece in enumerate(answer()):
        wait = began + number / rate - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        yield piece
        text += piece
        while waiting and waiting[0] in text:
            sent[waiting.pop(0)] = time.monotonic()


class Handler(BaseHTTPRequestHandler):
    """One request; an answer ends with its connection."""

    log: Path
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        names = [f"rate-{rate}" for rate in RATES]
        if "/api/" in self.path:
            details = {
                "parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"],
                "parameter_size": "1B", "quantization_level": "Q4_0",
            }  # fmt: skip
            tags = [
                {"name": name, "model": name, "size": 1, "digest": name, "details": details,
                 "modified_at": "2026-01-01T00:00:00Z"}
                for name in names
            ]  # fmt: skip
            self._whole({"models": tags, "version": "0.12.0"})
        else:
            self._whole({"object": "list", "data": [_model(name) for name in names]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ollama = "/api/" in self.path
        if self.path.endswith("/show"):
            self._whole(_shown(str(body.get("model"))))
            return
        asked = body.get("messages") or [{"content": body.get("prompt", "")}]
        streams = bool(body.get("stream", ollama))
        if not streams or QUESTION not in str(asked[-1].get("content")).splitlines():
            pieces, sent = iter(["Small", " models"]), {}
        else:
            sent = {}
            pieces = paced(int(body["model"].rpartition("rate-")[2].partition(":")[0]), sent)
        if streams:
            self._stream(pieces, str(body["model"]), ollama)
            if sent:
                with self.log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(sent) + "\n")
        elif ollama:
            self._whole(_ollama("".join(pieces), str(body["model"]), True))
        else:
            self._whole(_chunk("".join(pieces), str(body["model"]), "stop", whole=True))

    def _stream(self, pieces: Iterator[str], model: str, ollama: bool) -> None:
        kind = "application/x-ndjson" if ollama else "text/event-stream"
        self._head(kind, {"Connection": "close"})
        try:
            for piece in pieces:
                self._send(_ollama(piece, model, False) if ollama else _chunk(piece, model), ollama)
            self._send(_ollama("", model, True) if ollama else _chunk("", model, "stop"), ollama)
            if not ollama:
                self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            return  # the program is gone

    def _send(self, value: dict[str, Any], ollama: bool) -> None:
        data = json.dumps(value).encode()
        self.wfile.write(data + b"\n" if ollama else b"data: " + data + b"\n\n")
        self.wfile.flush()

    def _whole(self, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self._head("application/json", {"Content-Length": str(len(data))})
        self.wfile.write(data)

    def _head(self, kind: str, more: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": kind, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "loopback"}


def _shown(name: str) -> dict[str, Any]:
    return {
        "modelfile": "", "parameters": "", "template": "{{ .Prompt }}", "model_info": {},
        "details": {"family": "llama"}, "capabilities": ["completion"], "model": name,
    }  # fmt: skip


def _chunk(text: str, model: str, finish: str | None = None, whole: bool = False) -> dict[str, Any]:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    said = {"role": "assistant", "content": text}
    return {
        "id": "one", "object": f"chat.completion{'' if whole else '.chunk'}", "created": 0,
        "model": model,
        "choices": [{"index": 0, "message" if whole else "delta": said, "finish_reason": finish}],
        **({"usage": usage} if whole else {}),
    }  # fmt: skip


def _ollama(text: str, model: str, done: bool) -> dict[str, Any]:
    said = {"role": "assistant", "content": text}
    ended = {"done_reason": "stop", "eval_count": 1, "prompt_eval_count": 1} if done else {}
    return {
        "model": model,
        "created_at": "2026-01-01T00:00:00Z",
        "message": said,
        "done": done,
        **ended,
    }


def main() -> None:
    """Serve until the parent ends us."""
    Handler.log = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
