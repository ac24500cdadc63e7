"""Opens what is kept of a receiver: its settings and its secret, as whoever sends to it needs them."""

from investigations.models import Receiver
from investigations.receiver_secrets import unseal_secret
from investigations.siem.sinks.sink import Post, ReceiverKind, Setup, nowhere
from policies.outbound import trusting


def load_setup(receiver: Receiver, kind: ReceiverKind, *, elsewhere: Post = nowhere) -> Setup:
    """One receiver as it is set up now. Raises sealing.NotOpened and ssl.SSLError."""
    secret = unseal_secret(receiver) if receiver.sealed_secret else ""
    return Setup(
        address=receiver.address,
        settings={str(name): str(value) for name, value in receiver.settings.items()},
        secret=secret,
        inside=receiver.inside,
        trust=trusting(receiver.authority, shown=secret if kind.secret_pem else ""),
        elsewhere=elsewhere,
    )
