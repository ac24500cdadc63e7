# Everything needs only Python 3.11 or later with pip, and make. Arguments for a command: make up ARGS="--port 8100"
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
RUN := $(VENV)/bin/python

# the first of these that is 3.11 or later; PYTHON=... overrules
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
INSTALL = if [ -x $(VENV)/bin/pip ]; then pip="$(RUN) -m pip"; else pip="$(PYTHON) -m pip --python $(RUN)"; fi; \
	$$pip install --quiet --disable-pip-version-check --no-input --require-hashes --only-binary :all:

.PHONY: help up test thorough check chaos two-hosts failover fuzz battery honesty requests scale scale-pages large-policy growth backtests deliveries bench bench-soak overload format clean sbom notice secrets
help:
	@echo "make up      run Guardrail on this machine (ARGS=\"--port 8100 --data DIR --no-demo\")"
	@echo "make test    run the tests (ARGS=\"-k webhook\")"
	@echo "make thorough  run the tests that make test leaves out: real processes killed one by one, two instances that ask each"
	@echo "             other, more ways through the pages in Chromium (minutes)"
	@echo "make check   run the checks that need no test: style, layers, types, migrations"
	@echo "make chaos   kill, freeze and restart every part of a running instance under load and count what was lost"
	@echo "             (ten minutes and the time it takes to settle; ARGS=\"--minutes 2 --seed 7\", ARGS=\"--rounds 1\" for each once)"
	@echo "make two-hosts  two machines in network namespaces, one cut off under load, and count what was lost (root only)"
	@echo "make failover  end the primary Postgres under load, promote its replica, and count what was lost (a minute;"
	@echo "             ARGS=\"--way silent\", ARGS=\"--without-waiting\" for what is lost where commits do not wait for the replica)"
	@echo "make fuzz    send 100,000 generated bodies, every described request and too heavy ones to a running instance"
	@echo "             (minutes; ARGS=\"--bodies 10000 --seed 7 --only generated,heavy\")"
	@echo "make battery disguise attacks in many ways and count what is stopped (ARGS=\"--eval DIR --json FILE\")"
	@echo "make honesty measure what each feature is worth, and numbers on a suite they were not chosen on"
	@echo "             (ARGS=\"ablation --eval DIR\", ARGS=\"suites --eval DIR\")"
	@echo "make requests  learn how people leave a matter to texts, say what holds for an author left out (ARGS=--write: the weights)"
	@echo "make scale   how large memory grows with 10,000 agents, and how fast it is rebuilt (minutes)"
	@echo "make scale-pages  how long each page takes with 10,000 agents, 1,000,000 verdicts and 50,000 investigations"
	@echo "             (minutes; ARGS=\"--data DIR --only /agents/\" keeps what was filled and reads some)"
	@echo "make large-policy  what 500 rules, 100,000 entries and 5,000 documents cost a call, and how soon a policy is in force"
	@echo "make growth  what 10,000,000 verdicts cost an insertion and each page, and how a month of them goes (half an hour, 50 GB;"
	@echo "             ARGS=\"--verdicts 1000000 --data DIR\" keeps what was filled)"
	@echo "make backtests  how fast stored calls are judged again (ARGS=\"--eval DIR --calls 100000\", minutes)"
	@echo "make deliveries  kill receivers, worker and Valkey under 50,000 events to each protocol and count what was"
	@echo "             lost (takes long; ARGS=\"--events 3000 --only splunk,syslog\")"
	@echo "make bench   how fast calls are answered, beside a view that does nothing and a bare insertion; needs wrk"
	@echo "             (a quarter of an hour; ARGS=\"--rounds 1 --print-only\")"
	@echo "make overload  ask twice as often as the instance can judge, at random times, and count who waited too long and what was"
	@echo "             lost (minutes; ARGS=\"--seconds 20 --times 3\", ARGS=\"--without\" to compare, ARGS=\"--slower 10\" on a busy machine)"
	@echo "make bench-soak  memory and times of an instance that is asked steadily, minute by minute (ARGS=\"--minutes 5 --rate 20\")"
	@echo "make sbom    write a bill of materials (CycloneDX) of all that runs: sbom.cdx.json (ARGS=\"--out FILE\")"
	@echo "make notice  write NOTICE anew, after a change of the locks"
	@echo "make secrets look through everything that is committed for secrets"
	@echo "make format  bring the code into the house style"
	@echo "make clean   remove the virtual environment and caches; .run stays"

up: $(VENV)/installed
	@exec $(RUN) manage.py up $(ARGS)

test: $(VENV)/installed-dev
	@$(RUN) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

thorough: $(VENV)/installed-dev
	@$(RUN) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m thorough $(ARGS)

check: $(VENV)/installed-dev
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@$(RUN) -m mypy
	@$(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@GUARDRAIL_PUBLIC_URL=https://guardrail.example GUARDRAIL_SECRET_KEY=checked-by-make-check-and-used-nowhere-else-0123456789 \
		GUARDRAIL_TRANSCRIPT_KEYS=checked:Y2hlY2tlZCBieSBtYWtlIGNoZWNrLCBub3doZXJlIDE= \
		$(RUN) manage.py check --deploy --fail-level WARNING

sbom notice secrets: $(VENV)/installed-dev
	@exec $(RUN) -m tests.supply $@ $(ARGS)

chaos: $(VENV)/installed-dev
	@exec $(RUN) -m tests.chaos $(ARGS)

two-hosts: $(VENV)/installed-dev
	@exec $(RUN) -m tests.two_hosts $(ARGS)

failover: $(VENV)/installed-dev
	@exec $(RUN) -m tests.failover $(ARGS)

fuzz: $(VENV)/installed-dev
	@exec $(RUN) -m tests.fuzz $(ARGS)

format: $(VENV)/installed-dev
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/made:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Guardrail needs Python 3.11 or later; found: $$(python3 --version 2>&1 || true)." >&2; \
		echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; fi
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip --version >/dev/null 2>&1 || { \
		echo "$(PYTHON) has no pip: install it (Debian: apt-get install python3-pip)." >&2; exit 1; }
	@# an environment that works is kept
	@# Debian keeps ensurepip in a package of its own: without it the pip outside installs into the environment
	@$(RUN) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { rm -rf $(VENV); \
		$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV); }; }
	@touch $@

$(VENV)/installed: $(VENV)/made requirements.txt
	@echo "installing what Guardrail needs into $(VENV), about half a minute"
	@$(INSTALL) -r requirements.txt
	@touch $@

# the development lock holds every line of the other one
$(VENV)/installed-dev: $(VENV)/made requirements-dev.txt requirements.txt
	@echo "installing what the tests need into $(VENV), about a minute"
	@$(INSTALL) -r requirements-dev.txt
	@touch $(VENV)/installed $@

bench: $(VENV)/installed-dev
	@exec $(RUN) -m tests.bench $(ARGS)

overload: $(VENV)/installed-dev
	@exec $(RUN) -m tests.overload $(ARGS)

bench-soak: $(VENV)/installed-dev
	@exec $(RUN) -m tests.overload.soak $(ARGS)

battery: $(VENV)/installed-dev
	@exec $(RUN) -m tests.battery $(ARGS)

honesty: $(VENV)/installed-dev
	@exec $(RUN) -m tests.honesty $(ARGS)

requests: $(VENV)/installed-dev
	@exec $(RUN) -m tests.requests $(ARGS)

scale-pages: $(VENV)/installed-dev
	@exec $(RUN) -m tests.scale.pages $(ARGS)

large-policy: $(VENV)/installed-dev
	@exec $(RUN) -m tests.scale.large_policy $(ARGS)

growth: $(VENV)/installed-dev
	@exec $(RUN) -m tests.scale.growth $(ARGS)

scale: $(VENV)/installed-dev
	@exec $(RUN) -m tests.scale $(ARGS)

deliveries: $(VENV)/installed-dev
	@exec $(RUN) -m tests.scale.deliveries $(ARGS)

backtests: $(VENV)/installed-dev
	@exec $(RUN) -m tests.scale.backtests $(ARGS)
