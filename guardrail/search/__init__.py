"""Search over all calls, and what they come to by day: written after commit, read by pages.

The intake hands each verdict on to a queue; `indexing` reads the transcript and writes one row of words and fields into
a table partitioned like the verdicts, and counts the call into the days of whom and what it is about. Nothing of this
is on the path of a call. See docs/decisions/0072-words-of-calls-are-indexed-after-commit.md.
"""
