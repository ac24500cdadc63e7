"""The addresses a call would have opened, by the tool or by whoever reads what is sent, and what they carry."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from guardrail.destinations import argument_name
from guardrail.invocation import Invocation
from guardrail.text.links import Link, Piece, address_alone, find_host_names, find_links, pieces_below
from guardrail.tool_kind import tool_words
from policies.ruleset import ToolKind

_HOST_NAMES = frozenset(
    "host hostname domain domainname fqdn url uri endpoint target address server website site link href webhook "
    "webhookurl name record query lookup dnsname".split()
)
_COMMANDS = frozenset("command cmd commands code script shell args arguments input query expression".split())
_LOOKS_UP = frozenset(
    "dns resolve lookup nslookup dig ping traceroute whois host curl wget http https fetch browse browser visit open "
    "navigate request shell bash terminal command exec execute python code".split()
)
_PARAMETERS = re.compile(
    r"(?:^|[./])(?:params|parameters|query|queryparams|query_params|queryparameters|querystring|query_string|qs|"
    r"search_params|searchparams)[.\[]",
    re.IGNORECASE,
)
# the rest of an address, as an argument of its own
_PARTS = frozenset("path pathname querystring querystr fragment params qs search".split())
_MAX_TEXT = 200_000
_LONGEST_PART = 8_000
_MOST = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One piece of one address, with the stretch (`start` to `end`) of the argument that would have to go."""

    argument: str
    start: int
    end: int
    host: str
    piece: Piece
    loads: bool
    link: int


def sent_in(call: Invocation, kind: ToolKind) -> list[Sent]:
    """What every address in the arguments carries, addresses numbered in their order; the first 2,000 pieces."""
    looks_up = kind is ToolKind.EXECUTE or not _LOOKS_UP.isdisjoint(tool_words(call.tool))
    found: list[Sent] = []
    alone: list[Link] = []
    count = 0
    for argument in call.arguments:
        if not isinstance(argument.value, str):
            continue
        text = argument.value[:_MAX_TEXT]
        for link in _links(text, argument_name(argument.path), looks_up=looks_up):
            count += 1
            if link.start == 0 and link.end >= len(text.strip()):
                alone.append(link)
            found += [
                Sent(
                    argument=argument.path,
                    start=link.start,
                    end=link.end,
                    host=link.host,
                    piece=piece,
                    loads=link.loads,
                    link=count,
                )
                for piece in link.pieces
            ]
        if len(found) >= _MOST:
            return found[:_MOST]
    if len({link.host for link in alone}) == 1:
        found += _parameters(call, alone[0], count)
    return found[:_MOST]


def _links(text: str, name: str, *, looks_up: bool) -> list[Link]:
    links = find_links(text)
    if not links and name in _HOST_NAMES:
        alone = address_alone(text)
        links = [alone] if alone else []
    if looks_up and (name in _COMMANDS or name in _HOST_NAMES or not name):
        covered = [(link.start, link.end) for link in links]
        links += [
            link for link in find_host_names(text) if not any(start <= link.start < end for start, end in covered[:50])
        ]
    return links


def _parameters(call: Invocation, link: Link, number: int) -> Iterator[Sent]:
    """The rest of the one address, where the tool takes it as arguments of its own."""
    for argument in call.arguments:
        if not isinstance(argument.value, str) or not argument.value:
            continue
        pieces: tuple[Piece, ...] = ()
        if argument_name(argument.path) in _PARTS:
            pieces = pieces_below(argument.value[:_LONGEST_PART])
        elif _PARAMETERS.search(argument.path):
            pieces = (Piece(place="query", name=argument_name(argument.path), raw=argument.value[:_LONGEST_PART]),)
        for piece in pieces:
            yield Sent(
                argument=argument.path,
                start=0,
                end=len(argument.value),
                host=link.host,
                piece=piece,
                loads=False,
                link=number,
            )
