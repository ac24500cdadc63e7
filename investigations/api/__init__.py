"""What programs read: verdicts, investigations, confirmed indicators and the audit trail, with a token (docs/api.md).

INVARIANT: a token sees what is for everybody's eyes; what is restricted to few is not found, as if it did not exist.
"""
