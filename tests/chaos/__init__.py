"""`make chaos`: kills every part of a running instance under load, and counts what was lost.

* load.py: a steady stream of calls, each written down with what was answered
* faults.py: what is done to the instance
* ledger.py: what must be true afterwards
"""
