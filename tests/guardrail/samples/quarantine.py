"""An agent in quarantine, and its neighbours."""

from tests.guardrail.bodies import call
from tests.guardrail.samples import Pair

SIGNALS = ("agent_quarantined",)

AGENT = call()["conversationMetadata"]["agent"]["id"]
HELLO = {"user": "Send Lena a hello.", "arguments": {"to": "lena@adatum.example", "body": "Hello"}}
LOOK_UP = {"user": "Find the handbook.", "tool": "search_files", "arguments": {"query": "handbook"}}

PAIRS = (
    Pair(
        what="a message of an agent in quarantine",
        says="agent_quarantined",
        fires=HELLO,
        near=HELLO,
        fragment={"agents": [{"id": AGENT, "quarantined": True}]},
        near_fragment={"agents": [{"id": AGENT.upper(), "quarantined": True}]},
    ),
    Pair(
        what="even a look-up of an agent in quarantine",
        says="agent_quarantined",
        fires=LOOK_UP,
        near=LOOK_UP,
        fragment={"agents": [{"id": AGENT, "quarantined": True}]},
        near_fragment={"agents": [{"id": AGENT, "quarantined": False}]},
    ),
)
