"""What of a text are the user's own sentences: that an order repeats the request word for word says nothing for it."""

from functools import lru_cache

from guardrail.text.sentences import split_sentences

# Words of a sentence that is known again, and of an order that has more than that.
_FEWEST_RECITED, _FEWEST_LEFT = 3, 4


def without_recital(text: str, user: str) -> str:
    """`text` without the sentences of `user`; whole where it is nothing else. Both in lower case."""
    rest = text
    for sentence in _sentences_of(user):
        if sentence in rest:
            rest = rest.replace(sentence, " ")
    return rest if len(rest.split()) >= _FEWEST_LEFT else text


@lru_cache(maxsize=64)
def _sentences_of(user: str) -> tuple[str, ...]:
    found = (" ".join(user[start:end].split()).strip(" .!?'\"") for start, end in split_sentences(user))
    return tuple(sentence for sentence in dict.fromkeys(found) if len(sentence.split()) >= _FEWEST_RECITED)
