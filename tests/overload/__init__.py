"""`make overload` and `make bench-soak`: more calls than the instance can judge, and half as many for a long time.

* calling.py: the callers, in a process of their own: each call at its time, whether or not others were answered
* answers.py: what they were told, and how long they waited
* ledger.py: whether all of that is stored, and judged afterwards
* soak.py: memory and times, minute by minute
"""
