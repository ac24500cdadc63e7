"""Postgres, Valkey and our own processes on one machine without any set-up: what `manage.py up` and the tests run on.

* binaries.py: where the servers' programs are
* processes.py: one child process: its user, its session, its log, its end
* postgres.py, valkey.py: one server each
* instance.py: one data folder: its lock, ports, secrets and state.json
* servers.py: the servers one instance needs
* supervisor.py: keeps children alive and stops them in order
* tls.py: what the web server needs to speak TLS itself
* product.py: our own processes: web, worker, beat, and the commands before them
"""
