# What a checkout needs to run the demo and the tests; only relative paths, so that
# the folder may have any name. `make help` lists the targets.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check audit live simulate nightly chaos attack big bench \
    rehearse messages requirements clean

ARGS ?=
STEPS ?= 100000
SEED ?= 20261123
PROCESSES ?= 2
PYTHON := .venv/bin/python
# The candidates are tried, not looked up: a version manager may name a Python here
# that it does not have.
FIND_PYTHON = for python in python3.13 python3.12 python3.14 python3; do \
    if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' \
        >/dev/null 2>&1; then echo $$python; exit 0; fi; done; exit 1
INSTALL = $(PYTHON) -m pip install --quiet --no-input --disable-pip-version-check \
    --require-hashes --only-binary :all: --requirement
COMPILE = $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.12 \
    --generate-hashes --no-header --no-annotate --no-emit-index-url \
    --no-emit-find-links

help:
	@echo "make demo    start the portal with everything it needs (ARGS=\"--port 8001\")"
	@echo "make test    every check, then every test (PYTEST=\"-k word\")"
	@echo "make live    the tests that talk to Stripe, against your account's test mode"
	@echo "make simulate   a long simulation (STEPS=100000 SEED=7)"
	@echo "make nightly    the tests that take too long for every change"
	@echo "make chaos   kill everything while people buy; docs/reliability.md has its figures"
	@echo "make attack   try to break in, over-assign and double-charge in a demo"
	@echo "make big     the tests on millions of rows; docs/performance.md has their figures"
	@echo "make bench   what the pages cost at a million people (ARGS=\"--scales small\")"
	@echo "make rehearse   run docs/deploy.md on empty Debian machines, as root"
	@echo "make check   only the checks: style, types, imports, migrations, words"
	@echo "make audit   whether a pinned package has a known fault; asks osv.dev"
	@echo "make messages   bring the translations' file up to date with the code"
	@echo "make requirements   pin the packages anew, after a change of pyproject.toml"
	@echo "make clean   remove what make made, except the demo's data in var/"

# `exec`, so that the demo's parent is make and it ends when make does.
demo: .venv/runtime.stamp
	@DJANGO_SETTINGS_MODULE=selfservice.settings.demo \
	    exec $(PYTHON) manage.py demo --with-parent $(ARGS)

# In two processes, each with a database and a Stripe of its own.
test: check
	@exec $(PYTHON) -m pytest --numprocesses $(PROCESSES) --dist worksteal $(PYTEST)

live: .venv/dev.stamp
	@[ -n "$$STRIPE_TEST_KEY" ] || { \
	    echo "Set STRIPE_TEST_KEY to a key of your account's test mode."; exit 1; }
	@exec $(PYTHON) -m pytest -m stripe $(PYTEST)

simulate: .venv/dev.stamp
	@SIMULATION_STEPS=$(STEPS) SIMULATION_SEED=$(SEED) \
	    exec $(PYTHON) -m pytest tests/simulation $(PYTEST)

nightly: .venv/dev.stamp
	@FAULT_MATRIX=every SANDBOX_KILLS=25 BROWSER=every GARBAGE=100 \
	    exec $(PYTHON) -m pytest tests/reliability tests/sandbox/test_durability.py \
	    tests/browser/test_journey.py tests/browser/test_places.py \
	    tests/browser/test_panes.py tests/browser/test_every_pane.py \
	    tests/demo/test_felt.py tests/security/test_garbage.py $(PYTEST)

chaos: .venv/dev.stamp
	@CHAOS=1 exec $(PYTHON) -m pytest tests/chaos --capture no $(PYTEST)

attack: .venv/dev.stamp
	@ATTACK=1 exec $(PYTHON) -m pytest tests/attack -p no:randomly $(PYTEST)

big: .venv/dev.stamp
	@BIG=1 TEMPLATE_ENGINE=auto exec $(PYTHON) -m pytest tests/big --durations 0 $(PYTEST)

bench: .venv/dev.stamp
	@exec $(PYTHON) -m tests.bench $(ARGS)

rehearse: .venv/dev.stamp
	@exec $(PYTHON) -m deploy.rehearsal $(ARGS)

check: .venv/dev.stamp
	@$(PYTHON) .ci/checks.py

audit: .venv/dev.stamp
	@exec $(PYTHON) .ci/audit.py $(ARGS)

messages: .venv/dev.stamp
	@$(PYTHON) .ci/checks.py messages

requirements: .venv/dev.stamp
	$(COMPILE) --extra demo pyproject.toml --output-file requirements.txt
	$(COMPILE) --extra demo --extra traces --constraint requirements.txt pyproject.toml \
	    --output-file requirements-traces.txt
	$(COMPILE) --all-extras --constraint requirements.txt pyproject.toml \
	    --output-file requirements-dev.txt

clean:
	rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

.venv/bin/python:
	@python=$$($(FIND_PYTHON)) || { \
	    echo "No Python 3.12 or newer (with venv) found. Install one and try again."; \
	    exit 1; }; \
	echo "Making .venv with $$($$python --version)"; \
	$$python -m venv .venv

# What the tests need includes what the demo needs: one install serves both.
.venv/runtime.stamp: requirements.txt | .venv/bin/python
	@echo "Installing the demo's packages"
	@$(INSTALL) requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt | .venv/bin/python
	@echo "Installing the packages of the demo, the checks and the tests"
	@$(INSTALL) requirements-dev.txt
	@touch $@ .venv/runtime.stamp
