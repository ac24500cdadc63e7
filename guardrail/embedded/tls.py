"""TLS given by the web server itself: its certificate, and whose certificates callers have to show.

It serves with copies of what an operator gave, made when that fitted. See
docs/decisions/0128-tls-is-served-from-copies-that-fitted.md.
"""

import hashlib
import os
import shutil
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from guardrail.embedded.processes import StartFailed

# What granian reads keys of; it ends with another one, again and again.
_PKCS8 = b"-----BEGIN PRIVATE KEY-----"
_HANDSHAKE_SECONDS = 5.0
# The folder of copies in the data folder
COPIES = "tls"
# In a folder of copies: leads to those that fitted last
_LAST = "last"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tls:
    """Files in PEM. With `client_ca` nobody connects without a certificate of one of its authorities."""

    certificate: Path
    key: Path
    client_ca: Path | None

    def check(self) -> None:
        """Raise StartFailed where granian could not serve with these files, or would not ask for certificates."""
        try:
            if _PKCS8 not in self.key.read_bytes():
                raise StartFailed(f"`{self.key}` is no key we can use, expected PKCS#8 in PEM without a password")
            _context().load_cert_chain(self.certificate, self.key)
            if self.client_ca and not ssl.create_default_context(cafile=self.client_ca).get_ca_certs():
                raise StartFailed(f"`{self.client_ca}` holds no authority, expected certificates in PEM")
        except OSError as error:  # ssl.SSLError is one, too
            files = ", ".join(f"`{path}`" for path in (self.certificate, self.key, self.client_ca) if path)
            raise StartFailed(
                f"{files}: {error.strerror or error}, expected a certificate with its key and an authority"
            ) from None

    def kept(self, folder: Path) -> tuple["Tls", str]:
        """Copies to serve with of the files as they were when they fitted last, and what is wrong with them now.

        A web server, and each process of it that is begun again, reads them: with what an operator spoils in place
        it would not come up. Raises StartFailed where they do not fit and never did.
        """
        try:
            self.check()
            fresh = self._copied(folder)
            fresh.check()  # they may have been replaced while they were copied
            _point(folder, fresh.certificate.parent)
        except (OSError, StartFailed) as error:
            before = self._named((folder / _LAST).resolve())
            try:
                before.check()
            except StartFailed:
                raise StartFailed(str(error)) from None
            return before, str(error)
        return fresh, ""

    def _named(self, folder: Path) -> "Tls":
        # one that was kept without an authority is none for whoever asks for one now: that must not be forgotten
        authority = folder / "authorities.pem" if self.client_ca else None
        return Tls(certificate=folder / "certificate.pem", key=folder / "key.pem", client_ca=authority)

    def _copied(self, folder: Path) -> "Tls":
        given = [path.read_bytes() for path in (self.certificate, self.key, self.client_ca) if path]
        digest = hashlib.sha256()
        for content in given:
            digest.update(hashlib.sha256(content).digest())
        place = folder / digest.hexdigest()[:32]
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        copies = self._named(place)
        for path, content in zip((copies.certificate, copies.key, copies.client_ca), given, strict=False):
            if path:
                _write(path, content)
        return copies

    def arguments(self) -> tuple[str, ...]:
        """What granian is told. Without the authority it would drop the wish for certificates with a warning only."""
        given = ["--ssl-certificate", str(self.certificate), "--ssl-keyfile", str(self.key)]
        # callers that know nothing newer would get no answer, which they take for an allowed call
        given += ["--ssl-protocol-min", "tls1.2"]
        if self.client_ca:
            given += ["--ssl-ca", str(self.client_ca), "--ssl-client-verify"]
        return tuple(given)

    def answers(self, host: str, port: int) -> bool:
        """Whether a web process serves our certificate there: it shakes hands once the product is loaded.

        We have no client certificate ourselves: with TLS 1.3 the server turns us away after its own part is done.
        """
        try:
            with socket.create_connection((host, port), timeout=_HANDSHAKE_SECONDS) as connection:
                context = _context()
                context.minimum_version = ssl.TLSVersion.TLSv1_3
                with context.wrap_socket(connection) as secured:
                    shown = secured.getpeercert(binary_form=True)
            return shown == ssl.PEM_cert_to_DER_cert(_first(self.certificate.read_text()))
        except (OSError, ValueError):
            return False


def tls_of_settings() -> Tls | None:
    """What the operator gave; None = plain HTTP."""
    if not settings.TLS_CERTIFICATE:
        return None
    return Tls(
        certificate=Path(settings.TLS_CERTIFICATE),
        key=Path(settings.TLS_KEY),
        client_ca=Path(settings.TLS_CLIENT_CA) if settings.TLS_CLIENT_CA else None,
    )


def _write(path: Path, content: bytes) -> None:
    """For its owner only, and whole: a web process may read it at any moment."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)


def _point(folder: Path, place: Path) -> None:
    """Say which copies were good last. Those before them stay, for a web server that still ends; older ones go."""
    before = (folder / _LAST).resolve()
    fresh = folder / f"{_LAST}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(place.name)
    fresh.replace(folder / _LAST)
    for old in folder.iterdir():
        if old.is_dir() and not old.is_symlink() and old not in (place, before):
            shutil.rmtree(old, ignore_errors=True)


def _context() -> ssl.SSLContext:
    """One that checks no name: our certificate bears the public one, and we look from this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _first(pem: str) -> str:
    begin = pem.index("-----BEGIN CERTIFICATE-----")
    end = "-----END CERTIFICATE-----"
    return pem[begin : pem.index(end, begin) + len(end)]
