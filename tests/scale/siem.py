"""Receivers to be killed: `python -m tests.scale.siem PORT FILE SYSLOG_PORT PEM` keeps the ids that arrive in FILE.

It says that it has an event when the id is in the file, and not before. Speaks enough of each protocol.
"""

import contextlib
import gzip
import json
import os
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Siem(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    file = -1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        answer: dict[str, Any] = {"text": "Success", "code": 0}
        ids: list[str] = []
        if self.path.endswith("/token"):
            kind, answer = "", {"access_token": "a-token", "expires_in": 3599, "token_type": "Bearer"}
        elif self.path.endswith("/_bulk"):
            kind, ids = "elastic", [json.loads(line)["create"]["_id"] for line in body.splitlines()[::2]]
            answer = {"errors": False, "items": [{"create": {"_id": one, "status": 201}} for one in ids]}
        elif self.path.endswith("/collector/event"):
            kind, ids = "splunk", [json.loads(line)["event"]["id"] for line in body.splitlines()]
        elif "/dataCollectionRules/" in self.path:
            kind, ids = "sentinel", [row["EventId"] for row in json.loads(body)]
        elif self.path.endswith("/ocsf"):
            kind, names = "ocsf", [one["metadata"] for one in json.loads(body)]
            ids = [name["uid"] for name in names if name["uid"] == name["correlation_uid"]]
        else:
            kind, ids = "webhook", [self.headers["webhook-id"]]
        note(kind, ids)
        said = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def note(kind: str, ids: list[str]) -> None:
    os.write(Siem.file, "".join(f"{kind} {one}\n" for one in ids).encode())


def take_syslog(port: int, pem: str) -> None:
    """Read frames by their count of octets until the other side ends, and close in order."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(pem)
    listener = socket.create_server(("127.0.0.1", port), backlog=50)
    while True:
        raw, _ = listener.accept()
        threading.Thread(target=_read_frames, args=(raw, served), daemon=True).start()


def _read_frames(raw: socket.socket, served: ssl.SSLContext) -> None:
    with contextlib.suppress(OSError), served.wrap_socket(raw, server_side=True) as line:
        waiting = b""
        while piece := line.recv(65_536):
            waiting += piece
            ids = []
            while (count := waiting.partition(b" ")[0]).isdigit() and len(waiting) > len(count) + int(count):
                start = len(count) + 1
                frame, waiting = waiting[start : start + int(count)], waiting[start + int(count) :]
                ids.append(json.loads(frame[frame.index(b"{") :])["id"])
            note("syslog", ids)
        line.unwrap()


def main() -> None:
    Siem.file = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    threading.Thread(target=take_syslog, args=(int(sys.argv[3]), sys.argv[4]), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Siem).serve_forever()


if __name__ == "__main__":
    main()
