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
# Found for people who read calls only: what is masked on pages, and never a class of data by itself.
PHONE = "phone"
MAIL = "mail"
MASKED = (*KINDS, (PHONE, "Phone numbers"), (MAIL, "Mail addresses, but those a decision rests on"))
MASKED_NAMES = frozenset(name for name, _ in MASKED)
