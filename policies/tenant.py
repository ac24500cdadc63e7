"""What an admin knows about a tenant, read from one JSON document into the entries of a ruleset document.

Pure. The document's members are described in `policies/tenant.schema.json` and docs/tenant.md.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from policies.destinations import LISTED
from policies.ruleset import FailPosture, Mode, Profile, Standing, ToolKind, host_of


class TenantError(ValueError):
    """A tenant document that cannot be read; the message names the member and what was wanted."""


# Where a value is in several lists, the weightier one counts.
_LIGHTEST_FIRST = (Standing.UNKNOWN, Standing.KNOWN, Standing.PARTNER, Standing.INTERNAL, Standing.DENIED)
# A destination member is `<whose>_<what>`: `internal_domains`, `external_contacts`, `denied_hosts`, `supplier_ibans`.
_WHOSE = {
    **dict.fromkeys(("internal", "own", "our", "company", "organisation", "organization"), Standing.INTERNAL),
    **dict.fromkeys(("employee", "staff", "user", "corporate"), Standing.INTERNAL),
    **dict.fromkeys(("external", "known", "trusted", "approved", "allowed", "saved", "regular"), Standing.KNOWN),
    "partner": Standing.PARTNER,
    **dict.fromkeys(("supplier", "vendor", "customer", "client", "member", "payee"), Standing.KNOWN),
    **dict.fromkeys(("denied", "blocked", "forbidden"), Standing.DENIED),
}
# People and places an organisation deals with need no prefix. An account book's own accounts do: `internal_accounts`.
_WHAT = (
    *("contact", "address", "addresse", "email", "email_address", "email_addresse", "mailbox", "mailboxe"),
    *("domain", "email_domain", "mail_domain", "host", "site", "website", "url"),
    *("account", "account_number", "bank_account", "iban", "payee", "beneficiary", "beneficiarie", "biller"),
    *("member", "channel", "group", "team", "handle", "user", "recipient", "phone", "phone_number", "destination"),
    *("partner", "supplier", "vendor", "customer", "client"),
)
_WHOSE_WORD, _WHAT_WORD = "|".join(_WHOSE), "|".join(_WHAT)
_DESTINATION_MEMBER = re.compile(
    rf"(?:(?P<whose>{_WHOSE_WORD})_)?(?P<what>{_WHAT_WORD})s(?:_(?:named|mentioned|used)_by_users)?"
    rf"|(?P<whose_one>{_WHOSE_WORD})_(?P<one>{_WHAT_WORD})"
    r"|(?P<people>people(?:_(?:named|mentioned)_by_users)?|friends)",
    re.ASCII,
)
_INTERNAL_MEMBERS = ("employees", "colleagues", "coworkers", "staff")
_OWN_MEMBERS = (
    "user",
    "owner",
    "account_holder",
    "account",
    "iban",
    "email",
    "user_account",
    "user_iban",
    "user_email",
)
# Said by the document about itself, or for people to read.
_REMARKS = ("suite", "derived_from", "channel", "description", "note", "notes", "name", "$schema", "version")
_STRUCTURED = ("agent", "agents", "tool_kinds", "tools", "files", "documents", "data_classes", "destinations")

# Members of an object entry (a contact, a payee, the user) that say where something can be sent to.
_REACHED_BY = (
    *("email", "emails", "address", "mail", "value", "domain", "host", "url", "website", "handle", "username"),
    *("iban", "account", "accounts", "account_number", "account_iban", "bank_account", "phone", "phone_number", "id"),
)
_POSTAL = re.compile(r"\s")
_FILE_NAME = ("name", "filename", "file_name", "path", "title")
_FILE_ID = ("file_id", "id", "document_id")
_FILE_OWNER = ("owner", "author", "created_by")
_FILE_CLASS = ("data_class", "class", "label", "classification", "sensitivity", "sensitivity_label")
_LABELS = ("labels", "sensitivity_labels", "label_ids")
_TERMS = ("terms", "keywords", "phrases", "markers")
# Labels that mean "may be shown to anybody": a file that carries one must not be stopped for carrying a label.
OPEN_CLASSES = frozenset({"public", "general", "open", "unrestricted", "unclassified", "external"})
_KIND_WORDS = {
    **{kind.value: kind for kind in ToolKind},
    **dict.fromkeys(("query", "search", "get", "list"), ToolKind.READ),
    **dict.fromkeys(("update", "create", "edit", "modify"), ToolKind.WRITE),
    **dict.fromkeys(("message", "mail", "email", "post", "notify"), ToolKind.SEND),
    **dict.fromkeys(("payment", "transfer", "purchase"), ToolKind.PAY),
    **dict.fromkeys(("remove",), ToolKind.DELETE),
    **dict.fromkeys(("exec", "run", "code", "shell"), ToolKind.EXECUTE),
}
# Characters a field of the database holds; the rest hold 200.
_LONGEST = {"value": 500, "tool": 500, "file_id": 500, "owner": 300, "data_class": 100, "terms": 1000, "labels": 200}
_UNSTORABLE = re.compile("[\x00-\x1f\ud800-\udfff]")
_IBAN = re.compile(r"[a-z]{2}\d{2}[a-z0-9]{10,30}")
_DOMAIN = re.compile(r"(?:[^\s.@/]+\.)+[^\s.@/]{2,}")


def tenant_document(tenant: Mapping[str, Any]) -> dict[str, Any]:
    """The `agents`, `tools`, `destinations`, `files` and `data_classes` of a ruleset document.

    Values of destinations are lower case, IBANs without spaces, URLs without a path reduced to their host. The user's
    own addresses and everything internal are `internal`, who is called a partner is `partner`, whoever is only dealt
    with is `known`; where a value is in several lists, denied beats internal beats partner beats known. A data class
    given only by name has no terms: a name such as `customer address` is a category, and searched for in texts it would
    stop every honest mail that says the words; it is marked `named_only`.
    Members that are not understood are left out: `unread_members` lists them. Raises TenantError.
    """
    if not isinstance(tenant, Mapping):
        raise TenantError(f"the document is {_kind_of(tenant)}, expected an object")
    agents = list(_agents(tenant))
    classes, files = _classes_and_files(tenant)
    document = {
        "agents": [{key: value for key, value in agent.items() if key != "tool_kinds"} for agent in agents],
        "tools": list(_tools(tenant, agents)),
        "destinations": _destinations(tenant),
        "files": files,
        "data_classes": classes,
    }
    _require_storable(document)
    return document


def unread_members(tenant: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of members this version does not understand, sorted: an admin must see that they had no effect."""
    known = {*_REMARKS, *_STRUCTURED, *_INTERNAL_MEMBERS, *_OWN_MEMBERS}
    return tuple(sorted(name for name in tenant if name not in known and not _DESTINATION_MEMBER.fullmatch(name)))


def _require_storable(document: Mapping[str, list[dict[str, Any]]]) -> None:
    for member, entries in document.items():
        for entry in entries:
            for key, value in entry.items():
                limit = _LONGEST.get(key, 200)
                for text in value if isinstance(value, list) else [value]:
                    if isinstance(text, str) and (len(text) > limit or _UNSTORABLE.search(text)):
                        raise TenantError(
                            f"`{text[:40]}` in `{member}` has {len(text)} characters or a control character,"
                            f" expected plain text of at most {limit} characters"
                        )


def _agents(tenant: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    entries = [("agent", tenant["agent"])] if tenant.get("agent") else []
    entries += [(f"agents[{index}]", entry) for index, entry in enumerate(_list(tenant, "agents"))]
    for where, entry in entries:
        agent = {"id": entry} if isinstance(entry, str) else entry
        if not isinstance(agent, Mapping):
            raise TenantError(f"`{where}` is {_kind_of(entry)}, expected an object with an `id`")
        agent_id = _first_text(agent, ("id", "agent_id", "agentId"))
        if not agent_id:
            raise TenantError(f"`{where}` has no `id`, expected the id its calls carry")
        yield {
            "id": agent_id,
            "name": _first_text(agent, ("name",)),
            "tenant_id": _first_text(agent, ("tenantId", "tenant_id")),
            "environment_id": _first_text(agent, ("environmentId", "environment_id")),
            "owner": _first_text(agent, ("owner",)),
            "mode": _choice(agent, "mode", [mode.value for mode in Mode], where),
            "profile": _choice(agent, "profile", [profile.value for profile in Profile], where),
            "fail_posture": _choice(agent, "fail_posture", [posture.value for posture in FailPosture], where),
            "tool_kinds": agent.get("tool_kinds"),
        }


def _tools(tenant: Mapping[str, Any], agents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What is said of tools holds for the document's agents, or for every agent where it names none."""
    for member in ("tool_kinds", "tools"):
        for where, tool, said in _said_of_tools(tenant.get(member), member):
            for agent_id in [agent["id"] for agent in agents] or [""]:
                yield {"agent_id": agent_id, "tool": tool.lower(), **_decided(said, where)}
    for agent in agents:
        for where, tool, said in _said_of_tools(agent["tool_kinds"], "agent.tool_kinds"):
            yield {"agent_id": agent["id"], "tool": tool.lower(), **_decided(said, where)}


def _said_of_tools(entries: Any, member: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(place, tool, its `kind` and `critical`) of a map or a list of objects; a tool nothing is said of is left out."""
    if isinstance(entries, Mapping):
        for tool, value in entries.items():
            said = value if isinstance(value, Mapping) else {"kind": value}
            if said.get("kind") or said.get("critical") is not None:
                yield f"{member}.{tool}", tool, said
        return
    for index, entry in enumerate(_items(entries, member)):
        if isinstance(entry, Mapping) and (entry.get("kind") or entry.get("critical") is not None):
            tool = _first_text(entry, ("tool", "id", "tool_id", "name"))
            if not tool:
                raise TenantError(f"`{member}[{index}]` has no `tool`, expected the id or name its calls carry")
            yield f"{member}[{index}]", tool, entry


def _decided(said: Mapping[str, Any], where: str) -> dict[str, Any]:
    """An empty kind is inferred; `critical` None = what is stored stays."""
    critical = said.get("critical")
    if critical is not None and not isinstance(critical, bool):
        raise TenantError(f"`{where}.critical` is `{critical}`, expected true or false")
    return {"kind": _kind(said["kind"], where).value if said.get("kind") else "", "critical": critical}


def _kind(value: Any, where: str) -> ToolKind:
    kind = _KIND_WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    if kind is None:
        raise TenantError(f"`{where}` is `{value}`, expected one of {', '.join(kind.value for kind in ToolKind)}")
    return kind


def _destinations(tenant: Mapping[str, Any]) -> list[dict[str, str]]:
    found: dict[str, Standing] = {}
    for value, standing in _listed_destinations(tenant):
        weightier = {one: at for at, one in enumerate(_LIGHTEST_FIRST)}
        if value and weightier[standing] >= weightier[found.get(value, Standing.UNKNOWN)]:
            found[value] = standing
    inside = {value for value, standing in found.items() if standing is Standing.INTERNAL and "@" not in value}
    # A colleague in a list of contacts stays a colleague: the exact entry would otherwise beat the internal domain.
    return [
        {
            "value": value,
            "standing": "internal" if standing.is_trusted and _under(value, inside) else standing.value,
        }
        for value, standing in found.items()
    ]


def _listed_destinations(tenant: Mapping[str, Any]) -> Iterator[tuple[str, Standing]]:
    for member, content in tenant.items():
        match = _DESTINATION_MEMBER.fullmatch(member)
        if member == "destinations":
            yield from _with_standings(content)
        elif member in _INTERNAL_MEMBERS or member in _OWN_MEMBERS:
            single = member in _OWN_MEMBERS and isinstance(content, Mapping)
            for _, value in _values([content] if single else content, member):
                yield value, Standing.INTERNAL
        elif match:
            single = bool(match["one"]) and isinstance(content, Mapping)
            standing = _WHOSE[match["whose"] or match["whose_one"] or "known"]
            if standing is Standing.KNOWN and "partner" in (match["what"], match["one"]):
                standing = Standing.PARTNER
            for where, value in _values([content] if single else content, member):
                if (match["what"] or match["one"] or "").endswith("domain") and not _DOMAIN.fullmatch(value):
                    raise TenantError(f"`{where}` is `{value}`, expected a domain, e.g. `contoso.com`")
                yield value, standing


def _with_standings(content: Any) -> Iterator[tuple[str, Standing]]:
    """The generic form: `{"contoso.com": "internal"}` or `[{"value": "contoso.com", "standing": "internal"}]`."""
    pairs: list[tuple[str, Any, Any]]
    if isinstance(content, Mapping):
        pairs = [(f"destinations.{value}", value, standing) for value, standing in content.items()]
    else:
        pairs = [
            (f"destinations[{index}]", entry.get("value"), entry.get("standing", "known"))
            if isinstance(entry, Mapping)
            else (f"destinations[{index}]", entry, "known")
            for index, entry in enumerate(_items(content, "destinations"))
        ]
    for where, value, standing in pairs:
        if not isinstance(value, str) or not value.strip():
            raise TenantError(f"`{where}` has no `value`, expected an address, domain, host, account or handle")
        if standing not in [one.value for one in LISTED]:
            wanted = ", ".join(one.value for one in LISTED)
            raise TenantError(f"`{where}` has the standing `{standing}`, expected one of {wanted}")
        yield _normal(value), Standing(standing)


def _values(content: Any, member: str) -> Iterator[tuple[str, str]]:
    """(place, destination) of a text, a list of texts or objects, or a map from a name to how it is reached."""
    if isinstance(content, Mapping):
        for name, reached in content.items():
            yield f"{member}.{name}", _normal(name)
            for value in _reached(reached):
                if _is_precise(value):
                    yield f"{member}.{name}", _normal(value)
        return
    for index, entry in enumerate([content] if isinstance(content, str) else _items(content, member)):
        where = f"{member}[{index}]"
        found = list(_reached(entry))
        if entry is not None and not found and not isinstance(entry, Mapping):
            raise TenantError(f"`{where}` is {_kind_of(entry)}, expected a text or an object")
        for value in found:
            yield where, _normal(value)


def _reached(entry: Any) -> Iterator[str]:
    """Every way to reach one contact, payee or user; its name too, since chat and payment tools address by name."""
    if isinstance(entry, str | int) and not isinstance(entry, bool):
        yield str(entry)
    elif isinstance(entry, list):
        for item in entry:
            yield from _reached(item)
    elif isinstance(entry, Mapping):
        for member in ("name", "full_name", "display_name"):
            if isinstance(entry.get(member), str):
                yield entry[member]
        for member in _REACHED_BY:
            value = entry.get(member)
            # a street is no destination, and a record number such as `7` would vouch for any call that says 7
            for text in _reached(value) if not isinstance(value, Mapping) else ():
                if _is_precise(text) or (member not in ("id", "address") and not _POSTAL.search(text)):
                    yield text


def _is_precise(value: str) -> bool:
    """An address, host or account rather than a word: what may be taken from a field that can hold anything."""
    compact = re.sub(r"[\s-]", "", value)
    return bool(
        (not _POSTAL.search(value.strip()) and ("@" in value or "." in value.strip(".")))
        or _IBAN.fullmatch(compact.lower())
        or (compact.lstrip("+").isdecimal() and len(compact) >= 6)
    )


def _normal(value: str) -> str:
    text = value.strip().lower()
    compact = re.sub(r"[\s-]", "", text)
    if _IBAN.fullmatch(compact):
        return compact
    if "://" in text:
        bare = text.split("://", 1)[1].rstrip("/")
        return text if "/" in bare or "?" in bare else host_of(text)
    if text.startswith(("@", "*.")) and _DOMAIN.fullmatch(text.lstrip("@*.")):
        return text.lstrip("@*.")
    return text.rstrip("./") if "@" not in text and "." in text.strip(".") else text


def _under(value: str, domains: set[str]) -> bool:
    labels = host_of(value).split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels) - 1))


def _classes_and_files(tenant: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    classes: dict[str, dict[str, Any]] = {}
    files: list[dict[str, str]] = []
    for where, name, entry in _named_classes(tenant.get("data_classes")):
        terms = [term for member in _TERMS for term in _texts(entry, member, where)]
        classes[name] = {
            "name": name,
            "may_leave": _may_leave(entry, name, where),
            "terms": terms,
            "labels": [label for member in _LABELS for label in _texts(entry, member, where)],
            "named_only": not entry,
        }
        for index, file in enumerate(_items(entry.get("files"), f"{where}.files")):
            files.append({**_file(file, f"{where}.files[{index}]"), "data_class": name})
    for member in ("files", "documents"):
        for index, file in enumerate(_items(tenant.get(member), member)):
            files.append(_file(file, f"{member}[{index}]"))
    by_name = {name.lower(): name for name in classes}
    for file in files:
        name = file["data_class"]
        if name:
            file["data_class"] = by_name.setdefault(name.lower(), name)
            may_leave = name.lower() in OPEN_CLASSES
            named = {"name": name, "may_leave": may_leave, "terms": [], "labels": [], "named_only": True}
            classes.setdefault(file["data_class"], named)
    return list(classes.values()), list({(file["name"], file["file_id"]): file for file in files}.values())


def _named_classes(content: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(place, name, entry) of names, objects with a name, or a map from names to terms or objects."""
    if isinstance(content, Mapping):
        for name, entry in content.items():
            where = f"data_classes.{name}"
            yield where, name, entry if isinstance(entry, Mapping) else {"terms": _items(entry, where)}
        return
    for index, entry in enumerate(_items(content, "data_classes")):
        where = f"data_classes[{index}]"
        if isinstance(entry, str) and entry.strip():
            yield where, entry.strip(), {}
        elif isinstance(entry, Mapping) and _first_text(entry, ("name", "data_class", "class", "label", "id")):
            yield where, _first_text(entry, ("name", "data_class", "class", "label", "id")), entry
        else:
            raise TenantError(f"`{where}` has no `name`, expected a text or an object with a `name`")


def _may_leave(entry: Mapping[str, Any], name: str, where: str) -> bool:
    given = entry.get("may_leave")
    if given is None:
        return name.lower() in OPEN_CLASSES
    if not isinstance(given, bool):
        raise TenantError(f"`{where}.may_leave` is `{given}`, expected `true` or `false`")
    return given


def _file(entry: Any, where: str) -> dict[str, str]:
    file = {"name": entry} if isinstance(entry, str) else entry
    if not isinstance(file, Mapping):
        raise TenantError(f"`{where}` is {_kind_of(entry)}, expected a file name or an object")
    name = _first_text(file, ("path", *_FILE_NAME))
    file_id = _first_text(file, _FILE_ID)
    if not name and not file_id:
        raise TenantError(f"`{where}` has no `name` or `id`, expected e.g. `/sites/Treasury/rates.xlsx`")
    owner = _first_text(file, _FILE_OWNER)
    return {"name": name, "file_id": file_id, "owner": owner, "data_class": _first_text(file, _FILE_CLASS)}


def _texts(entry: Mapping[str, Any], member: str, where: str) -> Iterator[str]:
    content = entry.get(member)
    for index, text in enumerate([content] if isinstance(content, str) else _items(content, f"{where}.{member}")):
        if not isinstance(text, str) or len(text.strip()) < 3:
            raise TenantError(f"`{where}.{member}[{index}]` is `{text}`, expected a phrase of 3 characters or more")
        yield text.strip()


def _first_text(entry: Mapping[str, Any], members: Iterable[str]) -> str:
    for member in members:
        value = entry.get(member)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def _choice(entry: Mapping[str, Any], member: str, wanted: list[str], where: str) -> str:
    value = entry.get(member) or ""
    if value and value not in wanted:
        raise TenantError(f"`{where}.{member}` is `{value}`, expected one of {', '.join(wanted)}")
    return str(value)


def _list(tenant: Mapping[str, Any], member: str) -> list[Any]:
    return _items(tenant.get(member), member)


def _items(content: Any, where: str) -> list[Any]:
    if content is None:
        return []
    if not isinstance(content, list):
        raise TenantError(f"`{where}` is {_kind_of(content)}, expected a list")
    return content


def _kind_of(value: Any) -> str:
    words = {type(None): "null", bool: "a switch", str: "a text", int: "a number", float: "a number", list: "a list"}
    return words.get(type(value), "an object")
