"""One table a language, all with the same names; `guardrail/text/other_tongues.py` lists and builds them."""
