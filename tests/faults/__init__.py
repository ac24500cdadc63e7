"""What goes wrong around the product - clocks, disks, databases, issuers - and what it answers and keeps meanwhile.

`docs/operations.md` says the same in words. `make chaos` kills the processes themselves, under load.
"""
