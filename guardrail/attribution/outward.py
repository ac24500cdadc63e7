"""Whom a call would reach that nobody vouches for, as far as an instruction names them."""

from functools import lru_cache

from guardrail.attribution.matching import FORMS, OTHERWISE, Match
from guardrail.attribution.provenance import Leaf, stands_in
from guardrail.attribution.tuning import Tuning
from guardrail.case import Case
from guardrail.destinations import EMAIL, URL
from guardrail.text.reading import Author
from policies.mail_providers import PUBLIC_MAIL
from policies.ruleset import Standing, ToolKind, host_of

OUTWARD = frozenset(("email", "url", "domain", "iban", "phone"))
_LONGEST = 4_000


def leads_astray(match: Match, case: Case) -> bool:
    """A look-up at an unknown place only the instruction names; what stands in an address can carry data out.

    A page of the very host the user named is no such place: its links are how one reads on there.
    """
    if match.action <= OTHERWISE or match.cover < case.tuning.astray_cover:
        return False
    return any(
        leaf.kind in ("url", "domain")
        and case.ruleset.standing_of(leaf.value) is Standing.UNKNOWN
        and stands_in(host_of(leaf.value), case.user.lower) < 0
        and not _is_of_the_site(host_of(leaf.value), match, case.tuning)
        for leaf in match.exact
    )


def _is_of_the_site(host: str, match: Match, tuning: Tuning) -> bool:
    """The page itself is from this host, as a field of its own says: `read the full story at ...`."""
    record = match.directive.record
    return any(
        prose.record == record and host in prose.lower and len(prose.lower.split()) < tuning.running_text
        for prose in match.source.reading.prose
    )


def outward_unknown(match: Match, case: Case) -> list[Leaf]:
    """The values only the instruction gives that lead to somebody unknown who is not its own author."""
    author = match.author
    home = _home_of(author)
    found = []
    targets = {target.argument for target in case.targets if target.named}
    for leaf in match.values if case.kind is ToolKind.SHARE else match.exact:
        if leaf.kind not in OUTWARD or (leaf.kind in ("iban", "phone") and case.kind is ToolKind.WRITE):
            continue
        if leaf.argument not in targets and case.kind is ToolKind.WRITE:
            continue
        if case.ruleset.standing_of(leaf.value).is_trusted:
            continue
        host = host_of(leaf.value) if leaf.kind in ("email", "url", "domain") else ""
        # answering an author is one thing, giving an author access or money another
        if (
            case.kind in (ToolKind.SEND, ToolKind.WRITE)
            and host
            and (_is_authors(leaf, author) or _same_house(host, home))
        ):
            continue
        found.append(leaf)
    return found


def _home_of(author: Author) -> str:
    """The host of the author's address, where it stands for a house and not for a mailbox anybody can have."""
    home = host_of(author.author) if "@" in author.author else ""
    return "" if home in PUBLIC_MAIL else home


def is_of_house_typed(value: str, case: Case) -> bool:
    """`bands@festival.example` for whoever typed `www.festival.example`: a mailbox of the house the user named.

    No link: a host may keep pages for everybody, a mailbox there is the house's.
    """
    host = host_of(value) if EMAIL.fullmatch(value) else ""
    if not host or host in PUBLIC_MAIL:
        return False
    return any(_same_house(host, house) for house in _houses_typed(case.user.lower[:_LONGEST]))


@lru_cache(maxsize=64)
def _houses_typed(said: str) -> frozenset[str]:
    hosts = (host_of(found).removeprefix("www.") for form in (URL, EMAIL) for found in form.findall(said))
    return frozenset(host for host in hosts if host not in PUBLIC_MAIL)


def is_at_home(leaf: Leaf, author: Author) -> bool:
    """The address is the author's own, or at the author's house."""
    if leaf.kind not in ("email", "url", "domain"):
        return False
    return _is_authors(leaf, author) or _same_house(host_of(leaf.value), _home_of(author))


def _is_authors(leaf: Leaf, author: Author) -> bool:
    """`Ann Lee <a.lee@post.example>` has the address of Ann Lee."""
    return "@" in leaf.value and stands_in(leaf.value.lower(), author.author.lower()) >= 0


def _same_house(host: str, home: str) -> bool:
    return bool(home) and (host == home or host.endswith("." + home) or home.endswith("." + host))


def has_rival(outward: list[Leaf], match: Match, case: Case) -> bool:
    """Another address of the same kind stands in the same source: one of the two is not what the user had in mind."""
    if not case.tuning.rivals:
        return False
    reading, author = match.source.reading, match.author
    # an address in a text made to hijack is no rival but the hijacker's, and a text's own author is none either
    marked = " ".join(d.text.lower() for d in reading.directives if d.signs or d.hidden)
    known = f"{marked} {author.author.lower()} {author.editor.lower()}"
    for leaf in outward:
        pattern = FORMS.get(leaf.kind)
        others = (
            {found for prose in reading.prose for found in pattern.findall(prose.lower[:20_000])} if pattern else ()
        )
        for found in others:
            plain = found.replace(" ", "")
            if plain == leaf.needle or found in known or plain in case.user.lower:
                continue
            # an account one knows beside a new one is the one that was meant
            if leaf.kind == "iban" or case.ruleset.standing_of(plain) is Standing.UNKNOWN:
                return True
    return False
