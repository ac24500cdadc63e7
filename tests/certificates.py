"""Certificates for servers of tests, and for those who connect to them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_KEEP = serialization.PrivateFormat.PKCS8


@dataclass(frozen=True, kw_only=True, slots=True)
class Authority:
    """Who signs certificates; `pem` is its own."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, name: str, *, password: bytes = b"") -> tuple[str, str]:
        """PEM of a certificate for `name` on 127.0.0.1, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        signed = _builder(name, key, issuer=self.certificate.subject, ca=False).sign(self.key, hashes.SHA256())
        kept = key.private_bytes(serialization.Encoding.PEM, _KEEP, lock)
        return signed.public_bytes(serialization.Encoding.PEM).decode(), kept.decode()


def authority() -> Authority:
    """One of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority.example")])
    return Authority(
        key=key, certificate=_builder("authority.example", key, issuer=name, ca=True).sign(key, hashes.SHA256())
    )


def self_signed(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "siem.example")])
    certificate = _builder("siem.example", key, issuer=name, ca=True).sign(key, hashes.SHA256())
    path = folder / "both.pem"
    kept = key.private_bytes(serialization.Encoding.PEM, _KEEP, serialization.NoEncryption())
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + kept)
    return path


def _builder(name: str, key: ec.EllipticCurvePrivateKey, *, issuer: x509.Name, ca: bool) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
    )
