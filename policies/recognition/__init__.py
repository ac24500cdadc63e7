"""By what an admin's data classes are known in a text or by a place. Pure; no admin's pattern reaches Python's `re`."""
