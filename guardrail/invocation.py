"""A call an agent plans to make, with its whole context, in one shape for every orchestrator."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime

from guardrail.habits import Habits
from guardrail.people import Person
from guardrail.probing import Probing

JsonScalar = str | int | float | bool | None
# Names of what starts a run at a time of day; what a flow puts together for one is long, of many lines or marked up.
_CLOCKS = ("recurrence", "recurring", "schedule", "timer", "cron")
_LONGEST_ROUTINE = 500
_MOST_LINES = 4
_PUT_TOGETHER = frozenset("{}<>|")


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """One text leaf of a source. `path` names its place in the source's JSON (`results[0].text`), empty for plain text.

    Evidence points into `text` by character offsets, and pages show exactly this text.
    """

    path: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of the chat. `role` is the wire's word; `user` is a person unless an event started the run."""

    role: str
    passages: tuple[Passage, ...]
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolOutput:
    """What one earlier tool call returned. `digest` is the sha256 hex of its content: the key of every text cache."""

    tool_id: str
    tool_name: str
    passages: tuple[Passage, ...]
    digest: str
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    name: str
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """The tool the agent wants to use. `tool_id` is the policy key; `name` is not unique."""

    tool_id: str
    name: str
    description: str = ""
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """One leaf of the planned arguments: `path` like `emailMessage/Attachments[0].Name`."""

    path: str
    value: JsonScalar


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """The planned call and what led to it. Ids are opaque strings, empty when the caller sent none.

    `user_passages` is the current request; when `event_triggered`, an outsider may have written it and nobody asked
    for anything. `history` is oldest first and without our own block texts, which `refusals` counts.
    `outputs` are oldest first. `arguments_json` is the canonical JSON of the arguments (sorted keys, no spaces).
    `unknown_members` are member names the adapter did not know.
    """

    orchestrator: str
    agent_id: str
    tool: Tool
    arguments: tuple[Argument, ...]
    arguments_json: str
    step_key: str
    agent_name: str = ""
    agent_version: str = ""
    agent_published: bool | None = None
    parent_agent_id: str = ""
    tenant_id: str = ""
    environment_id: str = ""
    user_id: str = ""
    conversation_id: str = ""
    plan_id: str = ""
    plan_step_id: str = ""
    message_id: str = ""
    channel_id: str = ""
    client_ip: str = ""
    trigger_id: str = ""
    trigger_schema: str = ""
    thought: str = ""
    user_passages: tuple[Passage, ...] = ()
    history: tuple[Message, ...] = ()
    outputs: tuple[ToolOutput, ...] = ()
    refusals: int = 0
    unknown_members: tuple[str, ...] = field(default=())

    @property
    def event_triggered(self) -> bool:
        """True when a mail, file or schedule started the run, so that the 'user message' is outside text."""
        return bool(self.trigger_id or self.trigger_schema)

    @property
    def by_outsider(self) -> bool:
        """True when an event started the run and its message may be an outsider's: any but a clock's plain words."""
        return self.event_triggered and not self._by_clock

    @property
    def _by_clock(self) -> bool:
        """What a schedule hands to an agent its maker wrote, unless a flow put something together for it.

        Copilot Studio's is the trigger `Recurrence` (learn.microsoft.com, authoring-triggers-about).
        """
        kind = self.trigger_schema[-80:].replace(":", ".").replace("/", ".").rpartition(".")[2].lower()
        if not kind.startswith(_CLOCKS) or len(self.user_passages) != 1 or self.user_passages[0].path:
            return False
        text = self.user_passages[0].text
        return len(text) <= _LONGEST_ROUTINE and text.count("\n") <= _MOST_LINES and not _PUT_TOGETHER & set(text)

    @property
    def anonymous(self) -> bool:
        """True on a channel without sign-in: no user id came with the call, and no event started it."""
        return not self.user_id and not self.event_triggered

    @property
    def call_key(self) -> str:
        """What a person's approval is bound to: sha256 hex over caller, agent, user, conversation, tool and arguments.

        Not over the step: an agent that is told "try again" plans the same call as another step.
        """
        tool = self.tool.tool_id or self.tool.name
        arguments = hashlib.sha256(self.arguments_json.encode("utf-8", "surrogatepass")).hexdigest()
        whole = (self.orchestrator, self.agent_id, self.user_id, self.conversation_id, tool, arguments)
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """A person's permission for one exact call to pass once, as it lies in memory.

    `number` is the AllowOnce it stands for; `holder` is the one step that may use it, and use it again when that step
    is delivered again.
    """

    number: int
    approved_by: str
    until: datetime
    sealed: str
    holder: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StoppedTool:
    """A tool of which a call of this conversation was stopped, by its hash.

    `outputs` of it were in view then; `calls_since` of it were planned before the present call and not stopped.
    """

    tool: str
    outputs: int
    calls_since: int
    verdict_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Heap:
    """Pieces that left one by one: of the secret or to the house with the hash `of`, this call's included.

    `pieces` are (hash, characters, how sure), `parts` (start, end) of a secret of `size` characters. `calls` are the
    verdict ids of the earlier ones.
    """

    of: str
    pieces: tuple[tuple[str, int, int], ...] = ()
    parts: tuple[tuple[int, int], ...] = ()
    size: int = 0
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """A destination another conversation stored that nobody had named: `at` and by the call of which verdict.

    Or what an order is about that it stored out of a text from outside, in small letters.

    `changed` = a record that was there got it; `by_this_agent` = the same agent stored it.
    """

    destination: str
    changed: bool
    at: datetime
    call: str
    by_this_agent: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A text that another conversation stored from what was marked: `at` and by the call of which verdict.

    `marked` as in `guardrail.stored_text`. `shared` are the fingerprints (48 bits) of it that this call carries, of
    `size`, at most 64. `by_this_agent` = the same agent stored it.
    """

    call: str
    at: datetime
    marked: str
    shared: frozenset[int]
    size: int
    by_this_agent: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """An earlier stop of this conversation, or of the same user or agent, that this call is like.

    `action` is what was said then, `hold` or `block`. `destination` is the one of this call that is `same`, `house` (of
    the same registered domain) or `near` (one letter apart); both empty where only the words are alike. `words` is the
    share of the arguments' words in common, `whole` = those are enough words to tell by. `same_session`, `same_tool`,
    `same_kind` compare the calls; `aimed` = the earlier one reached outside; `late` = it had been let through.
    """

    verdict_id: str
    at: datetime
    action: str
    signal: str
    destination: str = ""
    likeness: str = ""
    words: float = 0.0
    whole: bool = False
    same_session: bool = False
    same_tool: bool = False
    same_kind: bool = False
    aimed: bool = False
    late: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """A destination of this call where another agent or user of the organisation was kept from reaching.

    `verdict_id` is the last such call; `exact` False = only the registered domain is the same. `confirmed` = a person
    said that it was an attack. `late` = the call had been let through.
    """

    destination: str
    verdict_id: str
    at: datetime | None
    exact: bool
    confirmed: bool = False
    late: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What earlier calls tell, read from memory (Redis), of one that came `at`. `available` False = judged without it.

    `session_calls` and `session_stopped` count this conversation's earlier calls; `new_destinations` are those of the
    call's destinations this agent was never seen to use before. `ticket` lets this very call pass where it is held.
    `poisoned` are digests of texts that hijacked a call of this organisation before (`guardrail.attribution.recall`).
    `late_finding` is the verdict id of a call of this conversation that was allowed at once and should have been
    stopped, empty when there is none. `over_rate` are the numbers of rate limits that this call goes beyond.
    `heaps` are what left in pieces with this call's; `entered` those of its destinations that were stored from a text
    nobody vouched for; `unsaid` those of an order of another agent that none of this user's own words speak of;
    `lines` the fingerprints of classified documents that went where this call goes; `stored` are classified texts it
    carries that were stored elsewhere before.
    `habits` are what is usual for the agent, None where nothing is known of it; `probing` what a caller who is not
    signed in, and others near, asked about the agent itself; `person` what is usual for the user with this
    agent. `again` are stops this call repeats in whatever form, the most alike first; `elsewhere` where others were
    stopped. `at` is when the call came in, None where nobody knows.
    """

    available: bool = False
    session_calls: int = 0
    session_stopped: int = 0
    new_destinations: tuple[str, ...] = ()
    ticket: Ticket | None = None
    poisoned: frozenset[str] = frozenset()
    late_finding: str = ""
    stopped_tools: tuple[StoppedTool, ...] = ()
    over_rate: frozenset[int] = frozenset()
    habits: Habits | None = None
    heaps: tuple[Heap, ...] = ()
    entered: tuple[Entered, ...] = ()
    ordered: tuple[Entered, ...] = ()
    unsaid: tuple[str, ...] = ()
    probing: Probing | None = None
    person: Person | None = None
    again: tuple[Again, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    lines: frozenset[int] = frozenset()
    stored: tuple[Stored, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where one argument value came from, for people.

    `kind` is `user`, `trigger`, `output`, `history`, `agent` (made up or reworded by the agent) or `constant`
    (numbers and switches too small to attribute). `source`, `path`, `start`, `end` as in Evidence, and `thought` for
    what stands only in the agent's own reason; no source = nowhere in these words. `author` when the fields of the
    record give one. `standing` is the destination's standing, empty when the value is no destination. `disguise` says
    how the value was hidden or encoded where it stands.
    """

    argument: str
    value: str
    kind: str
    source: str = ""
    path: str = ""
    start: int = 0
    end: int = 0
    author: str = ""
    standing: str = ""
    data_class: str = ""
    disguise: str = ""
