"""What memory knows of questions about an agent itself, over the conversations of one client or network. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Conversations of a client or network with an agent, before this call.

    `kinds` are the letters of `guardrail.text.questions` asked lately. `probing` of `conversations` held such a
    question; both are halved each hour, so that 3.0 is three just now and more of them longer ago.
    """

    kinds: str
    probing: float
    conversations: float

    @property
    def share(self) -> float:
        """The part of the conversations that probed: of many honest customers behind one address it is small."""
        return self.probing / self.conversations if self.conversations else 0.0


NOBODY = Asked(kinds="", probing=0.0, conversations=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Probing:
    """Of a caller who is not signed in. `here` are the kinds of this conversation, this turn included.

    `campaign` counts probing questions, unknown a day ago, that three or more clients asked this agent in the same
    words since; `campaign_here`: one of them was asked in this conversation.
    """

    client: Asked
    network: Asked
    here: str
    campaign: int = 0
    campaign_here: bool = False
