"""Documents made for tests: seeded prose with a vocabulary of its own trade, and what people do to a copy of it."""

import io
import random
import re
import zipfile
from html import escape

_THINGS = (
    "harbour fleet carrier tariff schedule vessel broker insurer berth charter terminal surcharge tug pilotage invoice "
    "crane union lender audit margin quay container contract quarter shift board customer port option rate volume "
    "dredger manifest bond pier claim wage ballast lease auction"
).split()
_KINDS = (
    "northern second disputed winter spare chartered early unpaid secret joint frozen lower foreign final draft idle "
    "annual hidden costly new"
).split()
_VERBS = (
    "expects postpones accepts reviews doubles cancels renegotiates underwrites measures questions replaces records "
    "sells halves keeps moves"
).split()
_LINKS = "before without against because unless while for after under with".split()
FOOTER = (
    "This message and any attachment are intended only for the person to whom they are addressed and may contain"
    " privileged material. If you have received it in error please notify the sender at once and delete every copy."
    " Harbour Lines Limited is registered in Wexmouth under number 118822 and accepts no liability for viruses."
)


def document(seed: int, *, words: int = 900) -> str:
    """Prose about harbours, the same for the same seed; two seeds share words but hardly five in a row."""
    chance = random.Random(seed)
    sentences: list[str] = []
    for _ in range(words // 14):
        told = [f"the {chance.choice(_KINDS)} {chance.choice(_THINGS)}" for _ in range(3)]
        ending = f"{chance.choice(_LINKS)} {chance.choice(_THINGS)} {chance.randrange(2, 900)}"
        sentence = f"{told[0]} {chance.choice(_VERBS)} {told[1]} {chance.choice(_LINKS)} {told[2]} {ending}"
        sentences.append(f"{sentence.capitalize()}.")
    return "\n".join(" ".join(sentences[at : at + 6]) for at in range(0, len(sentences), 6))


def part(text: str, share: float, chance: random.Random) -> str:
    """A stretch of `text` from anywhere in it."""
    words = text.split()
    size = int(len(words) * share)
    start = chance.randrange(len(words) - size + 1)
    return " ".join(words[start : start + size])


def reordered(text: str, chance: random.Random) -> str:
    sentences = re.split(r"(?<=\.)\s+", text)
    chance.shuffle(sentences)
    return " ".join(sentences)


def laid_out_anew(text: str) -> str:
    """Other case, punctuation, whitespace and quotes."""
    return re.sub(r"[.,;]", " - ", text).upper().replace(" ", " \n ").replace("THE", "“THE”")


def reworded(text: str, share: float, chance: random.Random) -> str:
    """`share` of the words replaced."""
    return " ".join(f"other{chance.randrange(99)}" if chance.random() < share else word for word in text.split())


def word_file(text: str) -> bytes:
    """A .docx of `text` whose words are split into runs, as Word does where the spelling was corrected."""
    runs = "".join(
        f"<w:p><w:r><w:t>{escape(line[:7])}</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>{escape(line[7:])}</w:t></w:r></w:p>"
        for line in text.splitlines()
    )
    return zipped({"word/document.xml": f"<w:document><w:body>{runs}</w:body></w:document>"})


def zipped(parts: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return held.getvalue()
