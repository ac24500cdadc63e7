"""`make failover`: ends the primary Postgres under load, promotes its replica, and counts what was lost.

* servers.py: the two of them, and what is done to them
* tests/chaos: the load, and what must be true afterwards
"""
