"""Makes the file NOTICE: everything others wrote that Guardrail runs on or is tested with, and under which licence."""

from collections.abc import Iterable

from tests.supply.bom import vendored
from tests.supply.lock import ACCEPTED, COPYLEFT, Pinned, load_lock


class Unclear(ValueError):
    """A licence is not known, or asks for something nobody has looked at."""


def notice() -> str:
    """The file. Raises Unclear, naming what somebody has to look at."""
    runs = load_lock("requirements.txt")
    names = {pinned.name for pinned in runs}
    tests = [pinned for pinned in load_lock("requirements-dev.txt") if pinned.name not in names]
    demand_clear([*runs, *tests])
    lines = [
        "Guardrail",
        "Licensed under the Apache License, Version 2.0, see LICENSE.",
        "",
        "Made by `make notice`. None of what follows is part of this repository but for static/vendor.",
        "",
        "In static/vendor, with its licences:",
        *(f"  {name} {version}: {licence}" for name, version, licence in vendored()),
        "",
        "Installed to run it:",
        *_lines(runs),
        "",
        "Installed to test it:",
        *_lines(tests),
        "",
        "Licences that ask something of whoever passes these on:",
        *(f"  {name}: {why}" for name, why in sorted(ACCEPTED.items())),
    ]
    return "\n".join(lines) + "\n"


def demand_clear(all_of_it: Iterable[Pinned]) -> None:
    """Raises Unclear for a licence nobody knows, and for one like the GPL that nobody accepted with a reason."""
    for pinned in all_of_it:
        if not pinned.licence:
            raise Unclear(f"`{pinned.name}` names no licence, expected one in tests/supply/lock.py")
        if COPYLEFT.search(pinned.licence) and pinned.name not in ACCEPTED:
            raise Unclear(f"`{pinned.name}` is under `{pinned.licence}`, expected a reason to accept it")


def _lines(pinned: Iterable[Pinned]) -> list[str]:
    return [f"  {one.name} {one.version}: {one.licence}" for one in pinned]
