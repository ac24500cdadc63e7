"""Two network namespaces and the one cable between them, which can be pulled, or left in and go silent."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

A, B = "guardrail-a", "guardrail-b"
ADDRESSES = {A: "10.77.0.1", B: "10.77.0.2"}
_CABLES = {A: "cable-a", B: "cable-b"}
_CLONE_NEWNET = 0x40000000
# Nobody has it: what is sent there is lost without a word.
_NOBODY = "02:00:00:00:00:99"


@contextmanager
def two_namespaces() -> Iterator[None]:
    """Both, joined; gone afterwards with everything in them."""
    _remove()
    try:
        for name in (A, B):
            _ip("netns", "add", name)
        _ip("link", "add", _CABLES[A], "netns", A, "type", "veth", "peer", "name", _CABLES[B], "netns", B)
        for name in (A, B):
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "address", "add", f"{ADDRESSES[name]}/24", "dev", _CABLES[name])
            _ip("-n", name, "link", "set", _CABLES[name], "up")
        yield
    finally:
        _remove()


def enter(name: str) -> None:
    """Let this thread, and what it starts, be on that host."""
    with Path(f"/run/netns/{name}").open() as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace `{name}`")


@contextmanager
def pulled() -> Iterator[None]:
    """The cable of B is out: its packets are refused where they are sent."""
    _ip("-n", B, "link", "set", _CABLES[B], "down")
    try:
        yield
    finally:
        _ip("-n", B, "link", "set", _CABLES[B], "up")


@contextmanager
def silent() -> Iterator[None]:
    """The cable is in, and nothing arrives: connections hang on both sides instead of being refused."""
    for here, there in ((A, B), (B, A)):
        _ip(
            "-n",
            here,
            "neigh",
            "replace",
            ADDRESSES[there],
            "lladdr",
            _NOBODY,
            "dev",
            _CABLES[here],
            "nud",
            "permanent",
        )
    try:
        yield
    finally:
        for here, there in ((A, B), (B, A)):
            _ip("-n", here, "neigh", "del", ADDRESSES[there], "dev", _CABLES[here])


def missing() -> str:
    """What this machine lacks; empty where it can run."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    try:
        _ip("netns", "list")
    except (OSError, subprocess.CalledProcessError):
        return "no `ip` here (Debian: apt-get install iproute2)"
    return ""


def _remove() -> None:
    for name in (A, B):
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)  # noqa: S607 wherever it is


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)  # noqa: S607 wherever it is
