"""A hub on this machine: as much of Hugging Face's HTTP interface as downloads, and commits of small files, need."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "1" * 40


@dataclass
class Hub:
    """One repository.

    Attributes:
        content: files by their path in it.
        listed: files that the listing tells other bytes of than those that are handed out.
        requests: verb and path of every request.
        tokens: what requests were authorized with.
        refusal: what every request that would change something is answered, with status 403; None accepts them.
        sizes: of files that the listing lies about.
    """

    content: dict[str, bytes] = field(default_factory=dict)
    listed: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    refusal: str | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    url: str = ""

    def listing(self) -> bytes:
        """Answer ``/api/datasets/NAME?blobs=true``: clips are in Git LFS, other files are not."""
        siblings = []
        for name, content in (self.content | self.listed).items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            sibling: dict[str, object] = {"rfilename": name, "size": self.sizes.get(name, len(content)), "blobId": blob}
            if name.endswith(".wav"):
                sha256 = hashlib.sha256(content).hexdigest()
                sibling["lfs"] = {"size": len(content), "sha256": sha256, "pointerSize": 130}
            siblings.append(sibling)
        return json.dumps({"id": "any/name", "sha": COMMIT, "siblings": siblings}).encode()

    def change(self, path: str, body: bytes) -> object:
        """Answer a request that makes a repository, asks how to upload, or commits."""
        if path.startswith("/api/repos/create"):
            return {"url": f"{self.url}/datasets/any/name"}
        if "/preupload/" in path:
            files = [file["path"] for file in json.loads(body)["files"]]
            return {"files": [{"path": file, "uploadMode": "regular", "shouldIgnore": False} for file in files]}
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                self.content[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                del self.content[value["path"]]
        return {"commitUrl": f"{self.url}/datasets/any/name/commit/{COMMIT}", "commitOid": COMMIT}


def environment_of(endpoint: str, home: Path) -> dict[str, str]:
    """Return the environment of a process that knows no other hub; huggingface_hub reads it on import."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    return clean | {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_DISABLE_XET": "1"}


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Serve until the block ends."""

    class Handler(_Handler):
        hub = Hub()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield Handler.hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_POST(self) -> None:
        hub = self.hub
        hub.requests.append(f"POST {self.path}")
        hub.tokens.add(self.headers.get("Authorization", ""))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = {"error": hub.refusal} if hub.refusal else hub.change(self.path, body)
        content = json.dumps(answer).encode()
        self.send_response(403 if hub.refusal else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer(self, with_body: bool) -> None:
        hub = self.hub
        hub.requests.append(f"{self.command} {self.path}")
        name = self.path.partition(f"/resolve/{COMMIT}/")[2]
        body = hub.listing() if self.path.startswith("/api/") else hub.content.get(name)
        self.send_response(404 if body is None else 200)
        if body is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(body or b"").hexdigest()}"')
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if with_body:
            self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""
