"""Bodies nobody should send, over real HTTP on both wires: whatever comes in, an explicit verdict goes out in time.

`odd.py` makes the bodies, `asking.py` sends them; `test_bad_input.py` is the short run, `make fuzz` the long one.
"""
