"""What belongs together: fingerprints, investigations and campaigns that are linked, as sets. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

# What it is, and its id.
Node = tuple[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """Ids that hang together. `loose` fingerprints and `alone` investigations are in no campaign yet."""

    campaigns: frozenset[int]
    investigations: frozenset[int]
    loose: frozenset[int]
    alone: frozenset[int]


def components_of(
    links: Iterable[tuple[int, int]], *, campaign_of_key: dict[int, int | None], campaign_of: dict[int, int]
) -> list[Component]:
    """`links` are an investigation with a fingerprint; `campaign_of` has the investigations that are in a campaign."""
    pairs: list[tuple[Node, Node]] = []
    for investigation, key in links:
        pairs.append((("investigation", investigation), ("key", key)))
        pairs += [(("key", key), ("campaign", found)) for found in [campaign_of_key[key]] if found is not None]
        if investigation in campaign_of:
            pairs.append((("investigation", investigation), ("campaign", campaign_of[investigation])))
    return [_component(nodes, campaign_of_key, campaign_of) for nodes in _together(pairs)]


def _component(nodes: set[Node], campaign_of_key: dict[int, int | None], campaign_of: dict[int, int]) -> Component:
    ids = {kind: frozenset(pk for name, pk in nodes if name == kind) for kind in ("campaign", "investigation", "key")}
    return Component(
        campaigns=ids["campaign"],
        investigations=ids["investigation"],
        loose=frozenset(key for key in ids["key"] if campaign_of_key[key] is None),
        alone=ids["investigation"] - campaign_of.keys(),
    )


def _together(pairs: Iterable[tuple[Node, Node]]) -> list[set[Node]]:
    above: dict[Node, Node] = {}

    def top(node: Node) -> Node:
        while (higher := above.setdefault(node, node)) != node:
            above[node] = node = above[higher]
        return node

    for one, other in pairs:
        above[top(one)] = top(other)
    found: dict[Node, set[Node]] = {}
    for node in list(above):
        found.setdefault(top(node), set()).add(node)
    return list(found.values())
