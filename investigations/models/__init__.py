"""What people work on, and what the intake counted for them."""

from investigations.models.backtest import Backtest, BacktestChange, BacktestChunk
from investigations.models.campaigns import Campaign, CampaignMember, SharedKey, Sharing
from investigations.models.casework import NEVER, Activity, Investigation, InvestigationCall, Reader
from investigations.models.changes import LastChange, PendingChange
from investigations.models.clocks import ClockSettings, Transition
from investigations.models.deliveries import AuditTold, Delivery, DeliveryDay, Receiver
from investigations.models.exercise import Exercise
from investigations.models.holds import LegalHold
from investigations.models.merges import Merge, MergedSource
from investigations.models.playbooks import CasePlaybook, PlaybookStep, PlaybookVersion
from investigations.models.remediation import Remediation
from investigations.models.rule_use import RuleMatch, RuleTrial, RuleUse
from investigations.models.tickets import Ticket, TicketPoll
from investigations.models.worklist import BulkItem, BulkRun, FirstView, SavedView

__all__ = [
    "NEVER",
    "Activity",
    "AuditTold",
    "Backtest",
    "BacktestChange",
    "BacktestChunk",
    "BulkItem",
    "BulkRun",
    "Campaign",
    "CampaignMember",
    "CasePlaybook",
    "ClockSettings",
    "Delivery",
    "DeliveryDay",
    "Exercise",
    "FirstView",
    "Investigation",
    "InvestigationCall",
    "LastChange",
    "LegalHold",
    "Merge",
    "MergedSource",
    "PendingChange",
    "PlaybookStep",
    "PlaybookVersion",
    "Reader",
    "Receiver",
    "Remediation",
    "RuleMatch",
    "RuleTrial",
    "RuleUse",
    "SavedView",
    "SharedKey",
    "Sharing",
    "Ticket",
    "TicketPoll",
    "Transition",
]
