"""A receiver to be killed: `python -m tests.scale.siem PORT FILE` keeps the ids that arrive in FILE.

It says that it has an event when the id is in the file, and not before. Speaks enough of HEC and of `_bulk`.
"""

import gzip
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Siem(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    file = -1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        lines = (gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body).splitlines()
        answer: dict[str, Any] = {"text": "Success", "code": 0}
        if self.path.endswith("/_bulk"):
            ids = [json.loads(line)["create"]["_id"] for line in lines[::2]]
            answer = {"errors": False, "items": [{"create": {"_id": one, "status": 201}} for one in ids]}
        elif self.path.endswith("/collector/event"):
            ids = [json.loads(line)["event"]["id"] for line in lines]
        else:
            ids = [self.headers["webhook-id"]]
        os.write(self.file, "".join(f"{self.path.rpartition('/')[2]} {one}\n" for one in ids).encode())
        said = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def main() -> None:
    Siem.file = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Siem).serve_forever()


if __name__ == "__main__":
    main()
