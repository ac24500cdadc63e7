"""What people work on, and what the intake counted for them."""

from investigations.models.backtest import Backtest, BacktestChange, BacktestChunk
from investigations.models.campaigns import Campaign, CampaignMember, SharedKey, Sharing
from investigations.models.casework import Activity, Investigation, InvestigationCall
from investigations.models.exercise import Exercise
from investigations.models.rule_use import RuleMatch, RuleTrial, RuleUse

__all__ = [
    "Activity",
    "Backtest",
    "BacktestChange",
    "BacktestChunk",
    "Campaign",
    "CampaignMember",
    "Exercise",
    "Investigation",
    "InvestigationCall",
    "RuleMatch",
    "RuleTrial",
    "RuleUse",
    "SharedKey",
    "Sharing",
]
