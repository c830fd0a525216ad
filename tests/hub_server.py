"""A hub on this machine: as much of Hugging Face's HTTP interface as a download needs."""

from __future__ import annotations

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
    """

    content: dict[str, bytes] = field(default_factory=dict)
    listed: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def listing(self) -> bytes:
        """Answer ``/api/datasets/NAME?blobs=true``: clips are in Git LFS, other files are not."""
        siblings = []
        for name, content in (self.content | self.listed).items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            sibling: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": blob}
            if name.endswith(".wav"):
                sha256 = hashlib.sha256(content).hexdigest()
                sibling["lfs"] = {"size": len(content), "sha256": sha256, "pointerSize": 130}
            siblings.append(sibling)
        return json.dumps({"id": "any/name", "sha": COMMIT, "siblings": siblings}).encode()


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
