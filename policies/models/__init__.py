"""What an organisation allows: policy versions, lists, classes, inventory and the audit trail."""

from policies.models.audit import AuditCheck, AuditEntry
from policies.models.classification import (
    ClassDictionary,
    ClassifiedFile,
    ClassPattern,
    DataClass,
    DocumentFingerprints,
    FingerprintIndex,
)
from policies.models.exceptions import PolicyException
from policies.models.intelligence import (
    Indicator,
    IndicatorIndex,
    IndicatorSighting,
    IndicatorSource,
    IndicatorUpload,
)
from policies.models.inventory import (
    Agent,
    AgentChange,
    AgentDay,
    AgentImport,
    Charter,
    Environment,
    GrantedTool,
    ModeChoice,
    SeenTool,
    Tool,
)
from policies.models.knowledge import (
    DocumentQuote,
    DocumentRevision,
    DocumentUse,
    KnowledgeDocument,
    KnowledgeEvent,
)
from policies.models.lists import Destination, DestinationRevision
from policies.models.opinions import SecondOpinion
from policies.models.people import (
    Authenticator,
    PersonScope,
    PersonSession,
    RecoveryCode,
    SecondFactorRule,
    SignInAttempts,
)
from policies.models.policy import PolicyDraft, PolicyDraftRevision, PolicyVersion, RulesetSerial
from policies.models.restrictions import NotDone, ResponseRule, ResponseSettings, Restriction
from policies.models.states import RulesetMember, RulesetState

__all__ = [
    "Agent",
    "AgentChange",
    "AgentDay",
    "AgentImport",
    "AuditCheck",
    "AuditEntry",
    "Authenticator",
    "Charter",
    "ClassDictionary",
    "ClassPattern",
    "ClassifiedFile",
    "DataClass",
    "Destination",
    "DestinationRevision",
    "DocumentFingerprints",
    "DocumentQuote",
    "DocumentRevision",
    "DocumentUse",
    "Environment",
    "FingerprintIndex",
    "GrantedTool",
    "Indicator",
    "IndicatorIndex",
    "IndicatorSighting",
    "IndicatorSource",
    "IndicatorUpload",
    "KnowledgeDocument",
    "KnowledgeEvent",
    "ModeChoice",
    "NotDone",
    "PersonScope",
    "PersonSession",
    "PolicyDraft",
    "PolicyDraftRevision",
    "PolicyException",
    "PolicyVersion",
    "RecoveryCode",
    "ResponseRule",
    "ResponseSettings",
    "Restriction",
    "RulesetMember",
    "RulesetSerial",
    "RulesetState",
    "SecondFactorRule",
    "SecondOpinion",
    "SeenTool",
    "SignInAttempts",
    "Tool",
]
