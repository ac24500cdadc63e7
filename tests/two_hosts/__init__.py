"""Two hosts on one machine, each in a network namespace; one is cut off and comes back. Run by `make two-hosts`.

Only root may make namespaces. No packet leaves them: they have no way out.
"""
