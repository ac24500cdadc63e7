"""The account in whose name is done here what people did in a ticket system.

It has the role of an analyst and no password. Who takes the role from it, or makes it inactive, ends that tickets
change anything here; what few may see it does not see.
"""

from django.contrib.auth.models import User
from django.db import transaction

from policies.access import Role, give_role

# No name a person can have: it has a space and brackets.
ACCOUNT = "tickets (system)"


@transaction.atomic
def load_account() -> User:
    """The account; it is made when it is first asked for. Safe to run twice."""
    account, made = User.objects.get_or_create(username=ACCOUNT, defaults={"first_name": "Ticket", "last_name": "sync"})
    if made:
        account.set_unusable_password()
        account.save(update_fields=("password",))
        give_role(account, Role.ANALYST, actor=None)
    return account
