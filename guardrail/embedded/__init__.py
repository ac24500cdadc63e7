"""Postgres, Valkey and our own processes on one machine without any set-up: what `manage.py up` and the tests run on.

    binaries.py    where the servers' programs are
    processes.py   one child process: its user, its session, its end
    postgres.py    one Postgres cluster
    valkey.py      one Valkey server
    instance.py    one data folder: lock, ports, secrets, state.json
    supervisor.py  keeps children alive, stops them in order
"""
