"""OpenAI's files and batches on loopback; requests are checked against OpenAI's own types.

The types are those that the openai package generates from OpenAI's published specification.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, get_type_hints

from openai.types import Batch, BatchCreateParams, FileObject
from openai.types.chat import ChatCompletionMessageParam
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import BaseModel, TypeAdapter, ValidationError

MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000
_BODY = TypeAdapter[Any](CompletionCreateParamsNonStreaming)
_MESSAGE = TypeAdapter[Any](ChatCompletionMessageParam)
_CREATE = TypeAdapter[Any](BatchCreateParams)
_PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")

Answer = Callable[[dict[str, Any]], dict[str, Any]]
"""From a request's body to a result's `response` and `error`."""


class WrongError(Exception):
    """What a request lacks or has too much of."""


def check_line(line: bytes) -> dict[str, Any]:
    """A request of a batch file. Raises `WrongError`."""
    request: dict[str, Any] = json.loads(line)
    if set(request) != {"custom_id", "method", "url", "body"}:
        raise WrongError(f"a line has {sorted(request)}")
    if request["method"] != "POST" or request["url"] != "/v1/chat/completions":
        raise WrongError(f"{request['method']} {request['url']}")
    body = request["body"]
    if more := set(body) - set(get_type_hints(CompletionCreateParamsNonStreaming)):
        raise WrongError(f"unknown fields {sorted(more)}")
    try:
        _BODY.validate_python(body)
        for message in body["messages"]:
            _MESSAGE.validate_python(message)
    except ValidationError as error:
        raise WrongError(str(error)) from error
    if body.get("stream"):
        raise WrongError("a batch cannot stream")
    return request


def said(text: str, prompt: int = 10, completion: int = 5, finish: str = "stop") -> dict[str, Any]:
    """A result with an answer."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    body = {"object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}
    return {"response": {"status_code": 200, "request_id": "r", "body": body}, "error": None}


def refused(status: int, message: str) -> dict[str, Any]:
    """A result with an error of the model's endpoint."""
    body = {"error": {"message": message, "type": "x", "param": None, "code": None}}
    return {"response": {"status_code": status, "request_id": "r", "body": body}, "error": None}


def expired() -> dict[str, Any]:
    """What the server did not come to."""
    message = "This request could not be executed before the completion window expired."
    return {"response": None, "error": {"code": "batch_expired", "message": message}}


def echo(body: dict[str, Any]) -> dict[str, Any]:
    """The last message, back."""
    return said(f"so: {body['messages'][-1]['content']}")


class BatchServer:
    """`answer` makes results. `polls`: how often a batch says that it works before it has ended.

    `calls` are methods and paths; `asked` counts by custom_id how often the model was asked.
    `broken` maps a method and the beginning of a path to how many such calls yet get a 503.
    """

    def __init__(self) -> None:
        self.answer: Answer = echo
        self.polls = 2
        self.calls: list[str] = []
        self.asked: dict[str, int] = {}
        self.broken: dict[str, int] = {}
        self.refuse_all = ""
        self.base_url = ""
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self._left: dict[str, int] = {}
        self._lock = threading.RLock()

    def handle(self, method: str, path: str, kind: str, body: bytes) -> tuple[int, bytes]:
        """The status and the body of a response."""
        with self._lock:
            self.calls.append(f"{method} {path}")
            for call, count in self.broken.items():
                if count and f"{method} {path}".startswith(call):
                    self.broken[call] -= 1
                    return 503, b'{"error": {"message": "later"}}'
            try:
                return self._route(method, path.partition("?")[0], kind, body)
            except (WrongError, ValidationError) as error:
                return 400, json.dumps({"error": {"message": str(error)[:2000]}}).encode()

    def _route(self, method: str, path: str, kind: str, body: bytes) -> tuple[int, bytes]:
        if (method, path) == ("POST", "/v1/files"):
            return 200, self._upload(kind, body)
        if (method, path) == ("POST", "/v1/batches"):
            return 200, self._create(json.loads(body))
        if (method, path) == ("GET", "/v1/batches"):
            data = list(self.batches.values())[::-1]
            return 200, json.dumps({"object": "list", "data": data, "has_more": False}).encode()
        parts = path.split("/")
        if method == "GET" and parts[2] == "batches" and parts[3] in self.batches:
            return 200, self._poll(parts[3])
        if method == "GET" and parts[2] == "files" and parts[3] in self.files:
            return 200, self.files[parts[3]]
        return 404, b'{"error": {"message": "not found"}}'

    def _upload(self, kind: str, body: bytes) -> bytes:
        whole = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
        parts: dict[str, Any] = {}
        for part in whole.iter_parts():  # type: ignore[attr-defined]
            parts[part.get_param("name", header="content-disposition")] = part
        purpose = parts["purpose"].get_payload(decode=True).decode()
        data = parts["file"].get_payload(decode=True)
        if purpose not in _PURPOSES or set(parts) != {"purpose", "file"}:
            raise WrongError(f"an upload for {purpose} with {sorted(parts)}")
        identity = f"file-{len(self.files) + 1}"
        self.files[identity] = data
        made = {
            "id": identity,
            "object": "file",
            "bytes": len(data),
            "created_at": 1,
            "filename": "x.jsonl",
            "purpose": purpose,
            "status": "processed",
        }
        return _valid(FileObject, made)

    def _create(self, params: dict[str, Any]) -> bytes:
        _CREATE.validate_python(params)
        if more := set(params) - set(get_type_hints(BatchCreateParams)):
            raise WrongError(f"unknown fields {sorted(more)}")
        for name, value in (params.get("metadata") or {}).items():
            if len(name) > 64 or len(value) > 512:
                raise WrongError("metadata is too long")
        data = self.files[params["input_file_id"]]
        lines = data.splitlines()
        if len(lines) > MOST_REQUESTS or len(data) > MOST_BYTES or not lines:
            raise WrongError(f"{len(lines)} requests, {len(data)} bytes")
        requests = [check_line(line) for line in lines]
        if len({request["custom_id"] for request in requests}) != len(requests):
            raise WrongError("a custom_id is there twice")
        identity = f"batch_{len(self.batches) + 1}"
        self.batches[identity] = {
            "id": identity,
            "object": "batch",
            "endpoint": params["endpoint"],
            "input_file_id": params["input_file_id"],
            "completion_window": "24h",
            "created_at": 1,
            "status": "validating",
            "metadata": params.get("metadata"),
            "request_counts": {"total": len(requests), "completed": 0, "failed": 0},
        }
        self._left[identity] = self.polls
        return _valid(Batch, self.batches[identity])

    def _poll(self, identity: str) -> bytes:
        batch = self.batches[identity]
        if batch["status"] in ("validating", "in_progress"):
            if self._left[identity] > 0:
                self._left[identity] -= 1
                batch["status"] = "in_progress"
            elif self.refuse_all:
                batch["status"] = "failed"
                batch["errors"] = {"object": "list", "data": [{"message": self.refuse_all}]}
            else:
                self._work(batch)
        return _valid(Batch, batch)

    def _work(self, batch: dict[str, Any]) -> None:
        good, bad = [], []
        late = False
        for line in self.files[batch["input_file_id"]].splitlines():
            request = json.loads(line)
            result = self.answer(request["body"])
            if result["error"] is None:
                key = request["custom_id"]
                self.asked[key] = self.asked.get(key, 0) + 1
            late = late or (result["error"] or {}).get("code") == "batch_expired"
            row = {"id": f"r{len(good) + len(bad)}", "custom_id": request["custom_id"], **result}
            fine = (result["response"] or {}).get("status_code") == 200
            (good if fine else bad).append(json.dumps(row))
        for name, rows in (("output_file_id", good[::-1]), ("error_file_id", bad)):
            if rows:
                batch[name] = f"file-{len(self.files) + 1}"
                self.files[batch[name]] = "\n".join(rows).encode() + b"\n"
        counts = {"total": len(good) + len(bad), "completed": len(good), "failed": len(bad)}
        batch |= {"status": "expired" if late else "completed", "request_counts": counts}


def _valid(kind: type[BaseModel], data: Mapping[str, Any]) -> bytes:
    """A response that is as OpenAI's would be."""
    kind.model_validate(data, strict=True)
    return json.dumps(data).encode()


@contextmanager
def batch_server() -> Iterator[BatchServer]:
    """One that runs as long as the block."""
    server = BatchServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            kind = self.headers.get("Content-Type", "")
            status, data = server.handle(self.command, self.path, kind, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.base_url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
