"""How fast it answers, as ratios to two baselines of the same run: `make bench`, never part of the tests.

* bodies.py: what is asked: calls in Copilot Studio's shape of 6 and 64 KB
* noop.py: the first baseline: a Django view on the same server that reads the body and answers a constant
* floor.py: the second: pgbench inserting as many bytes as a verdict, one durable statement at a time
* wrk.py, asking.lua: the load, by wrk
* stack.py: what runs while it is measured, and what each part of it used of the processors
* report.py, plots.py: medians over rounds, docs/benchmarks and docs/performance.md
"""
