"""The text that a quoted, folded or escaped value of YAML, JSON or Python stands for. Linear in its length."""

import re

from guardrail.text.view import View

# Line breaks from the first of a row on: looked for from each of them, 30,000 in a row took 10 s.
_BREAKS = r"\n(?<!\n\n)\n*+[ \t]+"
_SINGLE_QUOTED = re.compile(rf"''|{_BREAKS}")
_DOUBLE_QUOTED = re.compile(
    rf"\\\n[ \t]*(?:\\(?= ))?|\\[nrt\"'/]|\\u[0-9a-fA-F]{{4}}|\\x[0-9a-fA-F]{{2}}|{_BREAKS}|\\\\"
)
_FOLDED = re.compile(_BREAKS)
# `text: |` keeps its lines, and an empty one between paragraphs may be indented as well.
_BLOCK = re.compile(r"[ \t]{0,4}\|[+-]?\d?[ \t]{0,8}\r?\n[ \t]{0,80}")
_INDENTED = re.compile(r"\n[ \t]+")
_ESCAPED = re.compile(r"\\[nrt\"'/]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\\\")
_CODES = re.compile(r"\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}")
_ESCAPES = {"\\n": "\n", "\\r": "\n", "\\t": " ", "\\\\": "\\", '\\"': '"', "\\'": "'", "\\/": "/"}


def yaml_scalar(view: View) -> View:
    """A folded, quoted or plain YAML scalar as the text it stands for."""
    head = view.text[:1]
    if "\n" not in view.text and "\\" not in view.text and "''" not in view.text:
        return view
    if head == "'":
        return view.rewrite(_SINGLE_QUOTED, _fold)
    block = _BLOCK.match(view.text) if head == "|" else None
    if block is not None:
        return view.cut(block.end(), len(view.text)).rewrite(_INDENTED, _break)
    if head == '"':
        return view.rewrite(_DOUBLE_QUOTED, _unescape)
    return view.rewrite(_FOLDED, _fold)


def unescaped(view: View) -> View:
    """A text with its escapes as what they stand for."""
    return view.rewrite(_ESCAPED, _unescape)


def with_letters_of_codes(view: View) -> View:
    """The same of codes of characters alone, which need no quotes: `\\u0041`."""
    return view.rewrite(_CODES, _unescape)


def _break(found: str) -> str:
    return "\n"


def _fold(found: str) -> str:
    if found == "''":
        return "'"
    breaks = found.count("\n")
    return " " if breaks == 1 else "\n" * (breaks - 1)


def _unescape(found: str) -> str:
    if found in _ESCAPES:
        return _ESCAPES[found]
    if found[:2] in ("\\u", "\\x"):
        return chr(int(found[2:], 16))
    return "" if found.startswith("\\\n") else _fold(found)


def text_behind(text: str, start: int) -> int:
    """Where the text begins that a blank line parts from the last name of a head, whose value begins at `start`.

    A mail, a document. 0 where the value is of several lines, or nothing follows.
    """
    line_end = text.find("\n\n", start)
    value = text[start:line_end]
    return line_end if line_end > 0 and "\n" not in value and value.strip(" |>-\"'") else 0
