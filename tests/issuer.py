"""An issuer of Entra-like tokens for tests: a real RSA key, a real JWKS endpoint over HTTP."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

TENANT = "2a4f0c1e-9f8e-4a54-8f0b-6a0b1d2c3e4f"
APP = "7d9f2b11-3c55-4f0e-8a77-1b2c3d4e5f60"


class Issuer:
    """Signs tokens with its current key and serves the public halves of the keys it publishes."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.published: list[str] = []
        self.fetches = 0
        self.current = self.new_key()

    def new_key(self, *, published: bool = True) -> str:
        """Make a key, publish it or not, and return its id."""
        key_id = uuid.uuid4().hex
        self.keys[key_id] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if published:
            self.published.append(key_id)
        return key_id

    def token(self, *, key: str | None = None, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A version 2 token that is good in every respect but for the `claims` given; None leaves a claim out."""
        now = int(time.time())
        whole = {
            "iss": f"{self.url}/{TENANT}/v2.0",
            "aud": APP,
            "tid": TENANT,
            "azp": APP,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            **claims,
        }
        key_id = key or self.current
        return jwt.encode(
            {name: value for name, value in whole.items() if value is not None},
            self.keys[key_id],
            algorithm="RS256",
            headers={"kid": key_id, **(headers or {})},
        )

    def key_set(self) -> bytes:
        """The JWKS document."""
        self.fetches += 1
        entries = []
        for key_id in self.published:
            entry = json.loads(RSAAlgorithm.to_jwk(self.keys[key_id].public_key()))
            entries.append({**entry, "kid": key_id, "use": "sig"})
        return json.dumps({"keys": entries}).encode()

    @contextmanager
    def serving(self) -> Iterator["Issuer"]:
        """Serve the key set on a free port of this machine; `url` is the authority."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != f"/{TENANT}/discovery/v2.0/keys":
                    self.send_error(404)
                    return
                body = issuer.key_set()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
