"""TLS given by the web server itself: its certificate, and whose certificates callers have to show."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from guardrail.embedded.processes import StartFailed

# What granian reads keys of; it ends with another one, again and again.
_PKCS8 = b"-----BEGIN PRIVATE KEY-----"
_HANDSHAKE_SECONDS = 5.0


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
