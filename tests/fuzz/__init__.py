"""Bodies nobody should send, over real HTTP on both wires: whatever comes in, an explicit verdict goes out in time.

`odd.py` changes good bodies, `generated.py` makes some up, `described.py` asks as the description of the API says and
otherwise, `pressure.py` sends what is too heavy, with honest callers beside; `asking.py` and `many.py` send them.
`test_bad_input.py` and `test_parsers.py` are the short run, `make fuzz` is the long one.
"""
