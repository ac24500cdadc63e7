"""What forms share that take a list as pasted text or as a file: the text of it, and what is said of a list refused."""

from collections.abc import Sized
from typing import Protocol

from django import forms


class ReadLines(Protocol):
    """What was read of a list: its lines, and those that are none, of which `more_bad` are not kept."""

    @property
    def lines(self) -> Sized: ...
    @property
    def bad(self) -> Sized: ...
    @property
    def more_bad(self) -> int: ...


class ListedForm(forms.Form):
    """A form with the fields `text` and `file`, of which one is read. `entry` is what stands on a line, in a word."""

    entry: str
    most_bytes: int

    def listed(self) -> tuple[str, str]:
        """The field the list is in, and the list; a file that cannot be read is refused there, and reads as nothing."""
        file = self.cleaned_data.get("file")
        if not file:
            return "text", self.cleaned_data.get("text", "")
        if file.size > self.most_bytes:
            self.add_error("file", f"the file has {file.size:,} bytes, expected at most {self.most_bytes:,}")
            return "file", ""
        try:
            return "file", file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            self.add_error("file", f"the file is no text in UTF-8, expected CSV or one {self.entry} a line")
            return "file", ""

    def refuse_bad(self, field: str, found: ReadLines) -> None:
        """A line that is none refuses all of it."""
        count = len(found.bad) + found.more_bad
        if count:
            one = "one line is" if count == 1 else f"{count:,} lines are"
            self.add_error(field, f"{one} not understood, so nothing was saved")
        elif not len(found.lines):
            self.add_error(field, f"there is nothing in it, expected one {self.entry} a line")
