"""Evidence that leaves the house: calls with all they were judged by, sealed, so that anybody can judge them again.

A bundle is a zip file: the raw body and the verdict of each call, the members of what it was judged by, and what people
did, chained by sha256 in their order and signed where a key is set. Checking one needs no database and no memory.
See docs/decisions/0071-evidence-is-judged-again-offline.md.
"""
