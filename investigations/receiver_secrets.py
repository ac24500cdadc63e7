"""How secrets of receivers are kept: they open for this kind and address only, and no page or log has them."""

from investigations.models import Receiver
from policies import sealing


def seal_secret(secret: str, *, kind: str, address: str) -> str:
    """A secret as it is kept."""
    return sealing.seal(secret, purpose=_purpose(kind, address))


def unseal_secret(receiver: Receiver) -> str:
    """The secret that is sent. Raises sealing.NotOpened."""
    return sealing.unseal(receiver.sealed_secret, purpose=_purpose(receiver.kind, receiver.address))


def resealed(receiver: Receiver) -> str:
    """Its secret under the newest secret key; unchanged where it is. Raises sealing.NotOpened."""
    return sealing.resealed(receiver.sealed_secret, purpose=_purpose(receiver.kind, receiver.address))


def _purpose(kind: str, address: str) -> str:
    return f"receiver {kind} {address}"
