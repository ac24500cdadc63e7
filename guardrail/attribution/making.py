"""What people want made without the verb a tool is called by: `make the invoice`, `raise a ticket`, `invoice them`.

Such a verb says little by itself; what is made is what the tool is named after, or that noun stands as the verb.
"""

import re
from functools import lru_cache

from guardrail.invocation import Tool
from guardrail.text.words import ENGLISH, stem
from guardrail.tool_kind import tool_verbs, tool_words

_LONGEST = 2_000
_OF_IT = (
    r"(?:(?:me|us|him|her|them|a|an|the|my|our|your|his|its|their|this|that|one|another|new|next|usual|short) ){0,4}"
)
# What is made stands within two words: `the final invoice`.
_MADE = re.compile(
    r"\b(?:make|do|raise|prepare|draw up|put together|write up|make out|set up|knock up) "
    + _OF_IT
    + r"([a-z]{3,30})(?: ([a-z]{3,30}))?"
)
# Where an order begins, and behind it whom or what: `Invoice them`, `and ticket it`.
_AS_VERB = re.compile(
    r"(?:^|[.!?;:,\n] {0,2}|\b(?:and|then|so|please|you) )([a-z]{4,30})()"
    r"(?= (?:them|him|her|it|us|me|the|this|that|these|those|everyone|all|both)\b)"
)
# `get us a van for Friday` is a wish for one; `get me a list` only for an answer.
_GET_ONE = re.compile(
    r"\b(?:get|grab|find|fetch|besorge?|hol|organisiere?|regel|réserve|trouve|consigue|búscame|buscame) "
    r"(?:us|me|him|her|them|everyone|everybody|uns|mir|ihm|ihr|ihnen|ons|mij|nous|nos) (?:an?|one|two|three|four|five|"
    r"six|\d{1,3}|some|another|einen?|zwei|een|twee|un|une|una|deux|dos)\b"
    r"(?! (?:[\w-]{1,30} )?(?:lists?|summar|overview|report|quotes?|copy|idea|answer|look|number|price|address|update|"
    r"picture|liste|übersicht|lijst|overzicht|résumé|resumen|lista))"
)
_GETTING = frozenset("book reserve order hire rent buy purchase".split())
_MAKING = frozenset("create make add issue generate draft prepare write raise submit register".split())


def verbs_to_make(said: str, tool: Tool) -> frozenset[str]:
    """The verbs of a tool that makes something, where the user, lower case, wants one made; none otherwise."""
    own = tool_verbs(tool)
    if own & _GETTING and _GET_ONE.search(said[:_LONGEST]):
        return own & _GETTING
    making = own & _MAKING
    if not making:
        return making
    made = {stem(word) for word in tool_words(tool) if word not in own}
    return making if not made.isdisjoint(_wanted(said[:_LONGEST])) else frozenset()


@lru_cache(maxsize=512)
def _wanted(said: str) -> frozenset[str]:
    """The stems of what is to be made."""
    found = {word for how in (_MADE, _AS_VERB) for words in how.findall(said) for word in words if word}
    return frozenset(stem(word) for word in found if word not in ENGLISH.stop_words)
