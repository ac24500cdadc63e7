"""What the product finds in a text by itself, as an admin can make it a class of data. Pure."""

KEYS = "keys"
CARD = "card"
ACCOUNT = "account"
IDENTITY = "identity"

# (kind, what people call it)
KINDS = (
    (KEYS, "Keys, passwords and tokens"),
    (CARD, "Card numbers"),
    (ACCOUNT, "Bank account numbers"),
    (IDENTITY, "Tax, health and identity numbers of persons"),
)
KIND_NAMES = frozenset(name for name, _ in KINDS)
