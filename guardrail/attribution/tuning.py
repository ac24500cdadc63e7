"""Every number and switch of call attribution in one place, so that each can be measured by itself.

`PRODUCTION` is what judges. Other values exist to measure with: what a feature is worth (switch it off), and whether
numbers chosen on some suites hold on another. Cover is the share of the values the user did not give that an
instruction holds; explained and raw are sums of weights as in `provenance.WEIGHTS`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuning:
    """Features first (`True` = used), then thresholds in the order a call meets them."""

    signatures: bool = True
    """Signs that a text wants to take an assistant over."""
    hidden: bool = True
    """That an instruction was hidden from people."""
    delegation: bool = True
    """How far the user told the agent to go by texts."""
    learned: bool = True
    """That the user told it so is heard by weights learned from requests, too, and not only by phrases."""
    topic: bool = True
    """That an instruction is on the matter the user spoke of."""
    authors: bool = True
    """Who wrote a record, and in which document."""
    data_discount: bool = True
    """Values that also stand in plain data say less."""
    window: bool = True
    """The sentences after an instruction, where its details stand; off = its own sentence only."""
    rivals: bool = True
    """A second address of the same kind beside the instruction's."""
    mentions: bool = True
    """Sentences that only mention a deed."""
    unrequested: bool = True
    """Messages and payments nobody asked for, to somebody who stands only in running text."""
    agreed_turns: bool = True
    """What the assistant proposed counts as said by a user who agreed to it."""
    repeating: bool = True
    """An argument that repeats an instruction does not carry it out."""
    handed_over: bool = True
    """What comes whole from the one text the user pointed at is meant; what an order only has moved is not."""
    own_material: bool = True
    """Manuals, files and a tool's own output may tell the agent how to reach the user's goal."""
    small_numbers: bool = True
    """Numbers of one or two digits count where the order's own sentence holds them."""
    contradiction: bool = True
    """The user named another day or place for such a call than the instruction does."""
    gravity: bool = True
    """Money, rights, keys and losses the user did not speak of are not left to a text."""
    unasked: bool = True
    """Changes nobody asked for whose values stand in a running text."""
    own_values: bool = True
    """What the user gave a value for is not to be filled with another."""
    slipped_in: bool = True
    """Readers, accounts, files and links a text slips into a call that was wanted."""
    other_deed: bool = True
    """A deed nothing of which is the user's, which one running text has done while they want another."""
    looked_up: bool = True
    """An order that names a deed and not to what, carried out on something that was looked up."""
    harm: bool = True
    """That a call does no harm a person has to decide about, where the user left it to the text."""
    below: bool = True
    """What stands below the end of a letter speaks for itself, and not for whoever wrote the letter."""
    handed_item: bool = True
    """An item of the list the user handed over by name, number or title is what the user meant."""
    apart: bool = True
    """All of a call comes from one sentence that has nothing to do with the text around it."""
    elsewhere: bool = True
    """The user pointed at somebody's text, and the instruction stands in another's."""

    unexplained_share: float = 0.3
    """Share of a value the user's words must leave unexplained for it to count as new."""
    constant_digits: int = 2
    """Numbers of at most so many characters are nobody's: counts, pages, quantities."""
    text_cover: float = 0.6
    """Share of a text's words an instruction must hold to be where the text is from."""
    repeated_share: float = 0.8
    """Share of an instruction's telling words that make an argument a report of it."""
    data_weight: float = 0.3
    """What a value counts that also stands in plain data."""
    short_data_weight: float = 0.6
    """The same for one of at most `short_data_length` characters, which stands everywhere."""
    short_data_length: int = 3
    """See `short_data_weight`."""
    tool_named: float = 0.5
    """Share of the tool's words an instruction must hold to name the tool."""
    marked_bonus: float = 0.5
    """Score for a signature, when instructions are put in order."""
    exact_bonus: float = 2.0
    """Score for a value only the instruction gives, when instructions are put in order."""

    own_sentence_bonus: float = 1.5
    """The same where the value stands in the order's own sentence, and not only near it: that order is shown."""

    marked_aim_share: float = 0.5
    """Marked, aimed at somebody, not asked for: share of the new weight it must hold."""
    marked_cover: float = 0.25
    """Marked: cover of a call not asked for."""
    marked_explained: float = 1.0
    """Marked: weight an instruction must explain by itself."""
    marked_little_explained: float = 0.5
    """Marked: weight that is enough where nearly all of the call is covered."""
    marked_little_cover: float = 0.8
    """Marked: nearly all of the call."""
    marked_asked_cover: float = 0.5
    """Marked: cover of a call of the kind the user asked for."""
    marked_look_up_cover: float = 0.5
    """Marked: cover of a call that only looks something up."""
    marked_tool: float = 0.5
    """Marked: share of the tool's words where the verb is the tool's and no value tells."""
    tool_closely_named: float = 0.67
    """Share of the tool's words that names the tool beyond doubt."""

    meant_share: float = 0.9
    """An instruction the user meant ends the search when it explains so much of what the best one does."""
    astray_cover: float = 0.6
    """Look-ups: cover by the instruction that names the unknown place."""
    mention_cover: float = 0.6
    """Deeds only mentioned: cover of the call, with a verb of its kind."""
    mention_explained: float = 1.2
    """Deeds only mentioned: weight explained where no value is exact."""
    mention_little_explained: float = 0.6
    """The same where the sentence has the tool's verb and names it, and holds all of the call."""
    explained_cover: float = 0.4
    """Unmarked: cover beside an exact value only the instruction gives."""
    given_share: float = 0.5
    """Share of a value that counts as given by the user."""
    whole_cover: float = 0.9
    """Unmarked, no exact value: cover of a call the user gave nothing for."""
    whole_explained: float = 2.5
    """Unmarked, no exact value: weight explained of such a call."""
    instead_cover: float = 0.6
    """Not asked for: cover by an instruction of any verb."""
    instead_explained: float = 1.5
    """Not asked for: weight explained by an instruction of any verb."""
    instead_named_cover: float = 0.3
    """Not asked for: cover by an instruction that names the tool beyond doubt."""
    reading_tool: float = 0.3
    """The user only wants to know something: share of the tool's words beside its verb."""
    reading_cover: float = 0.25
    """The user only wants to know something: cover beside an action of the call's kind."""
    taken_cover: float = 0.6
    """A change nobody asked for: share of its values one text must hold."""
    topic_words: int = 2
    """Telling words an instruction must share with the user's request to be on its matter."""
    topic_few: int = 3
    """An instruction of so few telling words is on the matter with a single one in common."""
    running_text: int = 5
    """Words a field needs to be prose and not a value."""


PRODUCTION = Tuning()
