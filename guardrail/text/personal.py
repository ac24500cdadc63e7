"""Knows numbers that stand for one person: cards, bank accounts, tax, health and identity numbers, by their checksums.

A number whose checksum one number in ten passes counts only beside its name; one that many digits and letters
check stands for itself. Linear; 100 kB without digits cost nothing.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from stdnum import iban, luhn, verhoeff
from stdnum.ar import cuit
from stdnum.at import vnr
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.ie import pps
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import ssn
from stdnum.za import idnr as za_id

from guardrail.text.rare import Part, Rare
from policies.recognition import kinds

CARD = "a card number"
_IBAN_WORDS = "a bank account number"
_CARD = Rare(re.compile(r"(?<![\d.,-])(?:\d[ -]?){12,18}\d(?![\d-]|[.,]\d)"), part=r"(?:\d[ -]?){12}\d")
_IBAN = Rare(
    re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"),
    part=r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2}",
)
_DIGIT = re.compile(r"\d")
_NEAR = 48
_MOST = 40
# first digits and lengths of the card networks
_RANGES: tuple[tuple[int, int, tuple[int, ...]], ...] = (
    (4, 4, (13, 16, 19)),
    (51, 55, (16,)),
    (2221, 2720, (16,)),
    (34, 34, (15,)),
    (37, 37, (15,)),
    (300, 305, (14, 16, 19)),
    (36, 36, (14, 16, 19)),
    (38, 39, (14, 16, 19)),
    (6011, 6011, (16, 17, 18, 19)),
    (644, 649, (16, 17, 18, 19)),
    (65, 65, (16, 17, 18, 19)),
    (3528, 3589, (16, 17, 18, 19)),
    (62, 62, (16, 17, 18, 19)),
    (50, 50, (16, 18, 19)),
    (56, 58, (16, 18, 19)),
    (6304, 6304, (16, 18, 19)),
    (67, 67, (16, 18, 19)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Number:
    """One kind of number. `names` = it counts only where one of these words stands just before it."""

    what: str
    form: str
    is_valid: Callable[[str], bool]
    names: tuple[str, ...] = ()


def _number(what: str, form: str, is_valid: Callable[[str], bool], names: str = "") -> _Number:
    return _Number(
        what=what,
        form=form,
        is_valid=is_valid,
        names=tuple(name.strip() for name in names.split(",") if name.strip()),
    )


def _whole(form: str) -> re.Pattern[str]:
    """`form` where it is not a part of a longer word or number."""
    return re.compile(rf"(?<![\w.,/-])(?:{form})(?![\w/-]|[.,]\d)")


_NUMBERS = (
    _number("an Italian tax code", r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]", codicefiscale.is_valid),
    _number("a Mexican population number", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d", curp.is_valid),
    _number("a French social security number", r"[12] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d", nir.is_valid),
    _number("a Swiss social security number", r"756\.?\d{4}\.?\d{4}\.?\d\d", ahv.is_valid),
    _number("a Belgian national number", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", nn.is_valid),
    _number("a Brazilian tax number", r"\d{3}\.\d{3}\.\d{3}-\d\d", cpf.is_valid),
    _number("a Finnish identity code", r"\d{6}[-+A]\d{3}[0-9A-Y]", hetu.is_valid),
    _number("a Chinese identity number", r"\d{17}[\dX]", ric.is_valid),
    _number("a Spanish identity number", r"(?:\d{8}|[XYZ]\d{7})-?[A-Z]", lambda n: dni.is_valid(n) or nie.is_valid(n)),
    _number("a Korean registration number", r"\d{6}-[1-8]\d{6}", rrn.is_valid),
    _number("a US social security number", r"\d{3}-\d\d-\d{4}", ssn.is_valid),
    _number("a US social security number", r"\d{9}", ssn.is_valid, "ssn, social security"),
    _number(
        "a British insurance number",
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]",
        bool,
        "national insurance, nino, ni number, ni no, insurance number",
    ),
    _number("a British health number", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs.is_valid, "nhs"),
    _number(
        "a German tax number",
        r"\d\d ?\d{3} ?\d{3} ?\d{3}",
        idnr.is_valid,
        "steuer-id, steuerid, steueridentifikation, idnr, german tax, tax id",
    ),
    _number(
        "an Austrian insurance number",
        r"\d{4} ?\d{6}",
        vnr.is_valid,
        "svnr, sozialversicherung, versicherungsnummer, sv-nummer",
    ),
    _number(
        "a Dutch citizen number",
        r"\d{9}|\d{4}\.\d\d\.\d{3}",
        bsn.is_valid,
        "bsn, burgerservice, sofinummer, citizen service",
    ),
    _number(
        "a Belgian national number",
        r"\d{11}",
        nn.is_valid,
        "rijksregister, national number, registre national, nrn, insz, niss",
    ),
    _number("a Polish identity number", r"\d{11}", pesel.is_valid, "pesel"),
    _number(
        "a Swedish identity number",
        r"(?:\d\d)?\d{6}[-+]?\d{4}",
        personnummer.is_valid,
        "personnummer, personal identity, swedish id",
    ),
    _number(
        "a Norwegian identity number",
        r"\d{6} ?\d{5}",
        fodselsnummer.is_valid,
        "fødselsnummer, fodselsnummer, personnummer, national identity",
    ),
    _number("a Danish identity number", r"\d{6}-?\d{4}", cpr.is_valid, "cpr"),
    _number("an Irish service number", r"\d{7}[A-W][A-IW]?", pps.is_valid, "pps, ppsn"),
    _number("a Portuguese tax number", r"\d{9}", nif.is_valid, "nif, contribuinte"),
    _number("a Czech or Slovak birth number", r"\d{6}/?\d{3,4}", rc.is_valid, "rodné číslo, rodne cislo, birth number"),
    _number("a Romanian personal code", r"[1-8]\d{12}", cnp.is_valid, "cnp"),
    _number("a Turkish identity number", r"[1-9]\d{10}", tckimlik.is_valid, "kimlik, t.c., tckn"),
    _number("a Brazilian tax number", r"\d{11}", cpf.is_valid, "cpf"),
    _number("an Argentine tax number", r"\d{2}-?\d{8}-?\d", cuit.is_valid, "cuit, cuil"),
    _number("a Chilean identity number", r"\d{1,2}\.?\d{3}\.?\d{3}-[\dkK]", rut.is_valid, "rut, run"),
    _number("a Canadian insurance number", r"\d{3}[ -]?\d{3}[ -]?\d{3}", sin.is_valid, "sin, social insurance"),
    _number(
        "an Indian identity number",
        r"[2-9]\d{3} ?\d{4} ?\d{4}",
        lambda n: verhoeff.is_valid(re.sub(r"\D", "", n)),
        "aadhaar, aadhar, uidai",
    ),
    _number("an Australian tax number", r"\d{3} ?\d{3} ?\d{3}", tfn.is_valid, "tfn, tax file"),
    _number("a South African identity number", r"\d{13}", za_id.is_valid, "id number, identity number, south african"),
)


def _as_word(name: str) -> str:
    """For RE2, which takes only ASCII for letters: a name that ends otherwise may go on."""
    return rf"\b{re.escape(name)}" + (r"\b" if name[-1].isalnum() else "")


_NAMED = tuple((number, _whole(number.form)) for number in _NUMBERS if number.names)
_UNNAMED = tuple((number, re.compile(number.form)) for number in _NUMBERS if not number.names)
# one search for all of them: each alone would cost a millisecond for 60 kB
_UNNAMED_FORMS = "|".join(number.form for number, _ in _UNNAMED)
_ANY_UNNAMED = Rare(_whole(_UNNAMED_FORMS), part=_UNNAMED_FORMS)
_NAMES = tuple(sorted({name for number in _NUMBERS for name in number.names}))
_ANY_NAME = Part("|".join(map(_as_word, _NAMES)))


def find_numbers(text: str, *, most: int | None = _MOST) -> Iterator[tuple[str, int, int]]:
    """(what, start, end) of each number of a person in `text`; at most so many, None = all."""
    if _DIGIT.search(text):
        yield from islice(_all(text), most)


def kind_of(what: str) -> str:
    """The kind an admin can make a class of data, of what `find_numbers` found."""
    return {CARD: kinds.CARD, _IBAN_WORDS: kinds.ACCOUNT}.get(what, kinds.IDENTITY)


def find_personal(text: str) -> str:
    """What number of a person stands in `text`, empty where none does."""
    return next((what for what, _, _ in find_numbers(text)), "")


def is_card(digits: str) -> bool:
    """A length and first digits that a card network gives out, and the checksum; not one digit repeated."""
    size = len(digits)
    in_range = any(low <= int(digits[: len(str(low))] or 0) <= high and size in sizes for low, high, sizes in _RANGES)
    return in_range and len(set(digits)) > 1 and bool(luhn.is_valid(digits))


def _all(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _CARD.finditer(text):
        if is_card(re.sub(r"\D", "", match.group())):
            yield CARD, *match.span()
    for match in _IBAN.finditer(text):
        if iban.is_valid(match.group()):
            yield _IBAN_WORDS, *match.span()
    for match in _ANY_UNNAMED.finditer(text):
        for number, form in _UNNAMED:
            if form.fullmatch(match.group()) and number.is_valid(match.group()):
                yield number.what, *match.span()
                break
    lower = text.lower()
    named = {name for name in _NAMES if name in lower} if _ANY_NAME.is_in(lower) else set()
    for number, pattern in _NAMED if named else ():
        if not named.isdisjoint(number.names):
            for match in pattern.finditer(text):
                if _is_named(number, lower, match.start()) and number.is_valid(match.group()):
                    yield number.what, *match.span()


def _is_named(number: _Number, lower: str, start: int) -> bool:
    before = lower[max(0, start - _NEAR) : start]
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", before) for name in number.names)
