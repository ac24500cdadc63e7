"""The language of policy conditions: a strict subset of CEL whose every clause can say why it held. Pure.

`compile_condition(text)` reads it, `vocabulary.FIELDS` is what it can speak of, docs/conditions.md describes both.
"""

from policies.expressions.condition import Clause, Condition, Truth, compile_condition
from policies.expressions.syntax import ConditionError, parse
from policies.expressions.vocabulary import FIELDS, Field, Kind

__all__ = [
    "FIELDS",
    "Clause",
    "Condition",
    "ConditionError",
    "Field",
    "Kind",
    "Truth",
    "compile_condition",
    "parse",
]
