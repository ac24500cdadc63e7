"""What a text slips into a call the user did ask for: one more to read it, another account, a file, a link to hand on.

The call is of the kind that was wanted, so neither its verb nor most of its values tell. What tells is one value the
user did not give, in a running text of somebody the user did not leave it to.
"""

import re
from collections.abc import Iterator
from itertools import islice

from guardrail.attribution.authors import is_impostor, is_meant, is_ours
from guardrail.attribution.brought_in import brought_in
from guardrail.attribution.commented import commented_on
from guardrail.attribution.delegation import Delegation
from guardrail.attribution.dictated import dictated
from guardrail.attribution.handed_out import handed_out
from guardrail.attribution.handed_over import is_address_left, is_meant_by_name
from guardrail.attribution.matching import FORMS as WRITTEN
from guardrail.attribution.named_slots import filling_another
from guardrail.attribution.on_record import against_record
from guardrail.attribution.one_more import one_more
from guardrail.attribution.other_authors import of_another_author
from guardrail.attribution.outward import is_at_home
from guardrail.attribution.paid_to_another import paid_to_another
from guardrail.attribution.provenance import OTHER_TIME, Leaf, may_stand_in, share_in, stands_in, time_of
from guardrail.attribution.request import Request, on_topic
from guardrail.attribution.running_text import only_in_running_texts, runs
from guardrail.attribution.to_machines import told_to_machines
from guardrail.attribution.unasked import Taken
from guardrail.attribution.whose_it_is import has_address_of_its_own, is_of_named_one
from guardrail.case import Case, Source
from guardrail.destinations import EMAIL, argument_name, says_something
from guardrail.text.directives import words_of
from guardrail.text.reading import Author, Prose
from guardrail.text.sentences import split_sentences
from guardrail.text.wordset import word_set
from guardrail.tool_kind import GIVING_BACK, tool_verbs
from policies.ruleset import Standing, ToolKind

_LONGEST = 8_000
_MOST_TEXTS = 200
_MOST_LEAVES = 12
# Share of a field's words that makes it the value and nothing else.
_MOST_OF_IT = 0.7
_COPIES = frozenset("cc bcc copy kopie copie copia kopia".split())
_FILES = frozenset(
    "attachment attachments attachmentid attachmentids file files fileids document documents documentids anexo anexos "
    "anhang anhaenge anhänge adjunto adjuntos enclosure enclosures allegato allegati bijlage bijlagen piece pieces "
    "piècejointe zalacznik zalaczniki".split()
)
# Whoever speaks of one has files in mind.
_SPEAKS_OF_FILES = re.compile(
    r"\b(?:attach|enclos|files?\b|documents?\b|docs?\b|pdfs?\b|cop(?:y|ies)\b|report|scan|photo|picture|anex|anhang|anhäng|"
    r"beigefüg|joint|joins|adjunt|allega|bijlag|bijvoeg|załącz|ekle|send (?:the|my|our|this|that|him|her|them)\b)"
)
_ASKS_FOR_FILES = re.compile(
    r"\b(?:attach\w*|enclos\w*|send|forward|copy|anex\w+|anhäng\w+|join\w+|adjunt\w+|allega\w+|bijvoeg\w*|załącz\w+)\b"
)
# `goes now to`, `neue Adresse`
_CHANGED = re.compile(
    r"\b(?:(?:goes|go|sent|send|write|reach\w*|is|are) (?:now|from now on|instead)|now (?:goes?|reads?|is|lives|use)"
    r"|instead|no longer|from now on|replac\w+|used to|(?:has|have) (?:changed|moved|become)"
    r"|(?:new|neue[rsn]?|nouvelle|nueva|nova|novo|nieuwe?|nuov[oa]|now[yae]|yeni) (?:[\w-]{1,20} )?"
    r"(?:e-?mails?|mails?|address|adress?e|dirección|endereço|adres|indirizzo|adresi?|contact|account|inbox|mailbox|correo))\b"
)
_LEAST_NAME = 5
_ACCOUNTS = frozenset(
    "account iban konto conta cuenta compte rekening card recipient bankaccount accountnumber".split()
)
# Who gets the money, by the name of the argument.
_PAYEES = frozenset(
    "to payee beneficiary recipient creditor vendor supplier holder accountholder name empfänger empfaenger "
    "begünstigter bénéficiaire beneficiaire beneficiario beneficiário begunstigde odbiorca".split()
)
# Whoever says one of these has thought of where the money goes.
_OF_ACCOUNTS = frozenset(
    "account accounts iban ibans bank konto kontos kontonummer compte comptes cuenta cuentas conta contas conto conti "
    "rekening rekeningnummer konta hesap hesabı účet".split()
)
_REPAYING = GIVING_BACK | {"repay"}


def slipped_in(case: Case, request: Request) -> Taken | None:
    """The text and the value it slipped into a call that was wanted; None for nothing of the kind."""
    if case.call.by_outsider or not (case.sink and case.sources and case.user.words):
        return None
    return (
        _in_the_place_of_another(case)
        or _other_than_whose_it_is(case)
        or _other_reader(case, request)
        or _other_account(case, request)
        or _other_payee(case, request)
        or paid_to_another(case, request)
        or _other_than_recorded(case)
        or _left_to_another(case, request)
        or _asked_for_file(case, request)
        or _file_for_stranger(case, request)
        or dictated(case, request)
        or handed_out(case, request)
        or brought_in(case, request)
        or told_to_machines(case, request)
        or of_another_author(case, request)
        or commented_on(case, request)
        or against_record(case, request)
        or one_more(case, request)
    )


def _in_the_place_of_another(case: Case) -> Taken | None:
    """A name, an amount, an address or a time of day of the user's own gave way to one a text has."""
    leaves = filling_another(case) if case.tuning.own_values else ()
    for leaf in leaves[:_MOST_LEAVES]:
        for source, prose in _running(case):
            if not may_stand_in(leaf, (prose.lower,), least=case.tuning.text_cover):
                continue
            text = word_set((prose.lower,))
            # a field that is all value is data
            if share_in(leaf, text) < case.tuning.text_cover or len(leaf.words) >= _MOST_OF_IT * len(text.words):
                continue
            if not is_ours(source.reading.authors[prose.record], case):
                return Taken(source=source, prose=prose, values=(leaf,))
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        clock = time_of(leaf) if share == OTHER_TIME else ""
        for source, prose in _running(case) if clock else ():
            if stands_in(clock, prose.lower) >= 0 and not is_ours(source.reading.authors[prose.record], case):
                return Taken(source=source, prose=prose, values=(leaf,))
    return None


def _other_than_whose_it_is(case: Case) -> Taken | None:
    """An address that only a remark on a record has, which has one of its own: `notes: send it to ...`."""
    for leaf in case.leaves if case.kind in (ToolKind.SEND, ToolKind.SHARE) else ():
        if leaf.kind != "email" or says_something(leaf.argument) or not _is_nobodys_choice(leaf, case):
            continue
        found = only_in_running_texts(leaf, case)
        if found and all(has_address_of_its_own(leaf, source, prose.record, case) for source, prose in found):
            return Taken(source=found[0][0], prose=found[0][1], values=(leaf,))
    return None


def _other_reader(case: Case, request: Request) -> Taken | None:
    """One more gets the message, or another one: an address that nobody but an outsider's running text names."""
    if case.kind not in (ToolKind.SEND, ToolKind.SHARE):
        return None
    if request.delegation is Delegation.ACTIONS:
        return _other_documents_reader(case)
    # an address that the message only speaks of reads nothing
    mails = [leaf for leaf in case.leaves if leaf.kind == "email" and not says_something(leaf.argument)]
    for leaf in mails:
        if not _is_nobodys_choice(leaf, case):
            continue
        found = list(_texts_with(leaf, case))
        if not found or not all(runs(prose.lower, case.tuning.running_text) for _, prose in found):
            continue
        source, prose = found[0]
        author = source.reading.authors[prose.record]
        impostor = is_impostor(author, case)
        added = any(stands_in(other.needle, author.author.lower()) >= 0 for other in mails if other is not leaf)
        if added and not is_ours(author, case) and not is_at_home(leaf, author):
            return Taken(source=source, prose=prose, values=(leaf,))
        if not impostor and (is_at_home(leaf, author) or is_ours(author, case)):
            continue
        if is_meant_by_name(source, prose.record, case, request) or is_address_left(
            source, prose.record, case, request
        ):
            continue
        copied = argument_name(leaf.argument) in _COPIES or len(mails) > 1
        meant = is_meant(author.author, case.user) and request.delegation is not Delegation.NONE
        if impostor or (not meant and (copied or _is_changed_there(leaf, prose.lower) or _has_own_field(leaf, case))):
            return Taken(source=source, prose=prose, values=(leaf,))
    return None


def _other_documents_reader(case: Case) -> Taken | None:
    """A copy goes to an address of another document than the one by which the user wants it done."""
    for leaf in case.leaves:
        if leaf.kind != "email" or argument_name(leaf.argument) not in _COPIES:
            continue
        if not _is_nobodys_choice(leaf, case):
            continue
        found = list(_texts_with(leaf, case))
        beside = [source.reading.authors for source, _ in found]
        if not found or any(_is_document_named(source.reading.authors[prose.record], case) for source, prose in found):
            continue
        if any(_is_document_named(author, case) for authors in beside for author in authors[:_MOST_TEXTS]):
            return Taken(source=found[0][0], prose=found[0][1], values=(leaf,))
    return None


def _is_nobodys_choice(leaf: Leaf, case: Case) -> bool:
    """Neither an admin knows this address nor did the user name it."""
    return case.ruleset.standing_of(leaf.value) is Standing.UNKNOWN and stands_in(leaf.needle, case.user.lower) < 0


def _is_document_named(author: Author, case: Case) -> bool:
    """`manual.docx`, for whoever speaks of the manual."""
    words = frozenset(words_of(author.document.lower().rpartition(".")[0]))
    return bool(words) and words <= case.user.words


def _has_own_field(leaf: Leaf, case: Case) -> bool:
    """Another address stands by itself in a field that says nothing of who wrote it: the one that was meant."""
    for source, prose in _texts(case):
        field = prose.lower.strip()
        if "@" not in field or field == leaf.needle or not EMAIL.fullmatch(field):
            continue
        if case.ruleset.standing_of(field) is Standing.UNKNOWN:
            author = source.reading.authors[prose.record]
            if field not in author.author.lower() and field not in author.editor.lower():
                return True
    return False


def _is_changed_there(leaf: Leaf, text: str) -> bool:
    """The text says that this address stands in the place of another."""
    said = (text[start:end] for start, end in split_sentences(text[:_LONGEST]))
    return any(leaf.needle in sentence and _CHANGED.search(sentence) for sentence in said)


def _other_account(case: Case, request: Request) -> Taken | None:
    """Whoever has money given back has it go where it came from, and not to what a text names.

    Unless they speak of an account or leave it to the very text that has it.
    """
    if case.kind is not ToolKind.PAY or _REPAYING.isdisjoint(tool_verbs(case.call.tool)):
        return None
    if not _OF_ACCOUNTS.isdisjoint(case.user.words):
        return None
    left = request.delegation is not Delegation.NONE or request.speaks_of_text
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if share >= case.tuning.given_share or argument_name(leaf.argument) not in _ACCOUNTS:
            continue
        numbers = [word for word in re.findall(r"[a-z0-9]{6,34}", leaf.needle) if any(map(str.isdigit, word))]
        for source, prose in _running(case) if numbers else ():
            plain = prose.lower.replace(" ", "") if leaf.kind == "iban" else prose.lower
            author = source.reading.authors[prose.record]
            theirs = left and (is_ours(author, case) or is_meant(author.author, case.user))
            if not theirs and all(number in plain for number in numbers):
                return Taken(source=source, prose=prose, values=(leaf,))
    return None


def _other_payee(case: Case, request: Request) -> Taken | None:
    """Money the user wants paid goes to somebody neither they nor a record spoke of, whose account a text gives.

    Now, or with what is paid later: the account is entered for them.
    """
    if case.kind not in (ToolKind.PAY, ToolKind.WRITE):
        return None
    # whoever left it to a text has still said whose bill it is
    left = request.delegation is not Delegation.NONE or (request.speaks_of_text and case.kind is ToolKind.PAY)
    accounts = [leaf for leaf in case.leaves if _is_new_account(leaf, case)]
    for source, prose in _running(case) if accounts else ():
        plain = prose.lower.replace(" ", "") if accounts[0].kind == "iban" else prose.lower
        author = source.reading.authors[prose.record]
        payee = third_payee(author, case) if accounts[0].needle in plain and not is_ours(author, case) else None
        if payee is None or share_in(payee, word_set((prose.lower,))) < case.tuning.text_cover:
            continue
        if not left or is_of_named_one(source, prose.record, payee.words, case):
            return Taken(source=source, prose=prose, values=(payee, accounts[0]))
    return None


def _is_new_account(leaf: Leaf, case: Case) -> bool:
    """Neither the user gave it nor, with `harm`, does the organisation pay to it anyway."""
    if leaf.kind != "iban" and argument_name(leaf.argument) not in _ACCOUNTS - _PAYEES:
        return False
    known = case.tuning.harm and case.ruleset.standing_of(leaf.value).is_trusted
    return not known and any(map(str.isdigit, leaf.needle)) and stands_in(leaf.needle, case.user.lower) < 0


def third_payee(author: Author, case: Case, *, head: str = "") -> Leaf | None:
    """Who is paid by name, where that is neither whom the user spoke of nor whoever wrote the text.

    `head` is the first line of a bill, which says whose it is.
    """
    if case.kind not in (ToolKind.PAY, ToolKind.WRITE):
        return None
    of_author = f"{author.author} {author.document} {head}".lower()
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if share >= case.tuning.given_share or leaf.kind != "short" or argument_name(leaf.argument) not in _PAYEES:
            continue
        if leaf.words.isdisjoint(case.user.words) and not any(word in of_author for word in leaf.words):
            return leaf
    return None


def _other_than_recorded(case: Case) -> Taken | None:
    """An outsider's text has another account for whom the call pays than a record or a bill that is in view."""
    if case.kind is not ToolKind.PAY:
        return None
    accounts = [
        leaf
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
        if leaf.kind == "iban" and share < case.tuning.given_share
    ]
    payee = frozenset(word for leaf in case.leaves if leaf.kind == "short" for word in leaf.words)
    for leaf in accounts[:1]:
        here, others = None, False
        for source, prose in _texts(case):
            author = source.reading.authors[prose.record]
            plain = prose.lower[:_LONGEST]
            stands = leaf.needle in plain.replace(" ", "")
            if stands and not ("@" in author.author and not is_ours(author, case)):
                return None
            if stands:
                here = here or Taken(source=source, prose=prose, values=(leaf,))
            elif not others and "@" not in author.author and WRITTEN["iban"].search(plain):
                others = _is_of(payee, source, prose.record)
        if here is not None and others:
            return here
    return None


def _is_of(payee: frozenset[str], source: Source, record: int) -> bool:
    """The record speaks of whom is paid."""
    return any(
        not payee.isdisjoint(words_of(prose.lower[:_LONGEST]))
        for prose in source.reading.prose
        if prose.record == record
    )


def _left_to_another(case: Case, request: Request) -> Taken | None:
    """The user left it to somebody by name, whose text is there, and a value is from an outsider's running text."""
    if request.delegation is Delegation.NONE:
        return None
    if not any(
        author.author and is_meant(author.author, case.user)
        for source in case.sources
        for author in source.reading.authors[:_MOST_TEXTS]
    ):
        return None
    looked_for = 0
    for leaf, share in zip(case.leaves, case.user_shares, strict=True):
        if share >= case.tuning.given_share or leaf.kind not in ("date", "iban", "email", "phone", "url"):
            continue
        looked_for += 1
        if looked_for > _MOST_LEAVES:
            return None
        found = [
            (source, prose)
            for source, prose in islice(_texts(case), _MOST_TEXTS)
            if may_stand_in(leaf, (prose.lower,), least=case.tuning.text_cover)
            and share_in(leaf, word_set((prose.lower,))) >= case.tuning.text_cover
        ]
        if found and all(_is_outsiders(source.reading.authors[prose.record], case) for source, prose in found):
            source, prose = found[0]
            author = source.reading.authors[prose.record]
            said = f"{author.document} {prose.lower[:1_500]}"
            if not runs(prose.lower, case.tuning.running_text) or on_topic(said, case):
                continue
            if not is_at_home(leaf, author):
                return Taken(source=source, prose=prose, values=(leaf,))
    return None


def _is_outsiders(author: Author, case: Case) -> bool:
    return "@" in author.author and not is_ours(author, case) and not is_meant(author.author, case.user)


def _asked_for_file(case: Case, request: Request) -> Taken | None:
    """A message that was asked for has files with it, which an outsider's text asks for and the user spoke of none."""
    if case.kind is not ToolKind.SEND or request.delegation is Delegation.ACTIONS:
        return None
    files = _files_unasked(case)
    files = [leaf for leaf in files if not _is_named_after(leaf, case)]
    outside = any(target.standing is Standing.UNKNOWN for target in case.targets)
    if not (files and outside) or _SPEAKS_OF_FILES.search(case.user.lower[:_LONGEST]):
        return None
    for source, prose in _running(case):
        if not is_ours(source.reading.authors[prose.record], case) and _ASKS_FOR_FILES.search(prose.lower[:_LONGEST]):
            return Taken(source=source, prose=prose, values=tuple(files[:3]))
    return None


def _file_for_stranger(case: Case, request: Request) -> Taken | None:
    """A file the user spoke of no more than of whom it goes to, who wrote nothing here and is of nobody's house."""
    if case.kind is not ToolKind.SEND or request.delegation is Delegation.ACTIONS:
        return None
    files = _files_unasked(case)
    if not files or all(_is_named_after(leaf, case) for leaf in files):
        return None
    if _SPEAKS_OF_FILES.search(case.user.lower[:_LONGEST]):
        return None
    mails = [leaf for leaf in case.leaves if leaf.kind == "email" and not says_something(leaf.argument)]
    for leaf in mails:
        if not _is_nobodys_choice(leaf, case):
            continue
        found = list(_texts_with(leaf, case))
        authors = [author for source in case.sources for author in source.reading.authors[:_MOST_TEXTS]]
        if found and not any(is_at_home(leaf, author) or is_meant(leaf.needle, case.user) for author in authors):
            return Taken(source=found[0][0], prose=found[0][1], values=(leaf,))
    return None


def _files_unasked(case: Case) -> list[Leaf]:
    """The files of the call that the user did not give."""
    return [
        leaf
        for leaf, share in zip(case.leaves, case.user_shares, strict=True)
        if share < case.tuning.given_share and argument_name(leaf.argument.partition("[")[0]) in _FILES
    ]


def _is_named_after(leaf: Leaf, case: Case) -> bool:
    """`2026-10-14_BalticBerries.pdf` for whoever speaks of Baltic Berries, or of it and of what it is."""
    last = leaf.needle.rstrip("/").rpartition("/")[2].rpartition(".")[0]
    parts = [part for part in re.findall(r"[^\W\d_]+", last) if len(part) >= _LEAST_NAME]
    said = "".join(re.findall(r"[^\W_]+", case.user.lower[:_LONGEST]))
    return bool(parts) and all(part in said for part in parts)


def _texts(case: Case) -> Iterator[tuple[Source, Prose]]:
    for source in case.sources:
        for count, prose in enumerate(source.reading.prose):
            if count % 64 == 0 and case.budget.spent():
                return
            yield source, prose


def _running(case: Case) -> Iterator[tuple[Source, Prose]]:
    return ((source, prose) for source, prose in _texts(case) if runs(prose.lower, case.tuning.running_text))


def _texts_with(leaf: Leaf, case: Case) -> Iterator[tuple[Source, Prose]]:
    """The texts and fields this stands in; a source where somebody is nobody's own material is no other than these."""
    for source, prose in _texts(case):
        if leaf.needle in prose.lower and stands_in(leaf.needle, prose.lower) >= 0:
            yield source, prose
        elif leaf.needle in source.reading.authors[prose.record].author.lower():
            # whoever wrote it may be answered
            yield source, Prose(path=prose.path, lower=leaf.needle, record=prose.record, asked=())
