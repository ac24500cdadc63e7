"""How people leave a matter to texts, learned anew: what of an author nobody learned from is heard, and the weights."""

import argparse
import sys
from collections.abc import Callable, Iterable

from guardrail.attribution.delegation import Delegation, by_phrases, heard
from guardrail.attribution.left_to_text import WEIGHTS, Leaving, leaving_by
from tests.requests import lists
from tests.requests.learning import learned
from tests.requests.lists import Asked, Left


def main() -> int:
    parser = argparse.ArgumentParser(prog="make requests", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights that all lists together come to")
    options = parser.parse_args()
    print("of each list, learned from all others: left to a text and heard as left, nothing left and heard as left, %")
    print(
        "list | by phrases, English | others | with what was learned, English | others | deeds left and heard as such"
    )
    for name in lists.names():
        weights = learned(lists.requests_of(*(other for other in lists.names() if other != name)))
        print(" | ".join((name, *_row(lists.requests_of(name), weights))), flush=True)
    if options.write:
        _write(learned(lists.requests_of(*lists.names())))
    return 0


def _row(requests: list[Asked], weights: dict[str, Leaving]) -> Iterable[str]:
    english = [each for each in requests if each.lang == "en"]
    others = [each for each in requests if each.lang != "en"]

    def both(said: str) -> Delegation:
        return heard(by_phrases(said.lower()), leaving_by(weights, said))

    for part in (english, others):
        yield _told(part, lambda said: by_phrases(said.lower()))
    for part in (english, others):
        yield _told(part, both)
    deeds = [each for each in requests if each.left is Left.DEEDS]
    yield _share([both(each.text) is Delegation.ACTIONS for each in deeds]) if deeds else ""


def _told(requests: list[Asked], read: Callable[[str], Delegation]) -> str:
    left = [read(each.text) is not Delegation.NONE for each in requests if each.left is not Left.NOTHING]
    misses = [read(each.text) is not Delegation.NONE for each in requests if each.left is Left.NOTHING]
    return f"{_share(left)} {_share(misses)}"


def _share(found: list[bool]) -> str:
    return f"{100 * sum(found) / len(found):.0f}" if found else "-"


def _write(weights: dict[str, Leaving]) -> None:
    rows = [f"{feature}\t{each.anything:g}\t{each.deeds:g}" for feature, each in weights.items()]
    WEIGHTS.write_text("\n".join((f"# {lists.digest()}", *rows)) + "\n", "utf-8")
    print(f"{len(rows)} weights", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
