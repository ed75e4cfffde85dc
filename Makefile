# Everything a person or a machine runs starts here; each target installs what it needs.
SHELL := /bin/bash
PYTHON ?= python3
HOME_DIR := $(abspath .pmsync)
VENV := $(HOME_DIR)/venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
APP := static/app
PORT ?= 8000
export PATH := $(BIN):$(PATH)
.DEFAULT_GOAL := help

.PHONY: help ready env client up down demo test soak test-system lint types e2e requirements clean

help: ## show the targets
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

env: $(READY) ## create the Python environment
$(READY): requirements/bootstrap.txt requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "PMSync needs Python 3.11 or newer; set PYTHON=... to name one.")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	@touch $@

client: static/dist/.built ## build the web client
static/dist/.built: $(shell find $(APP) -type f -not -path '*/node_modules/*' 2>/dev/null)
	@command -v npm >/dev/null || { echo "The client needs Node 20 or newer with npm."; exit 1; }
	@cd $(APP) && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	@touch $@

ready:
	@$(MAKE) --no-print-directory -j2 env client

demo: ready ## two companies, three people, real servers, live mail; Ctrl-C ends it (PORT=8000)
	@exec $(BIN)/python -m pmsync.demo --port $(PORT)

test: ready test-system ## lint, types, layers, tests, client, browser; ends with what was not run
	@$(BIN)/python -m tests.suite

test-system: ## install what the tests need beside wheels, where that is possible
	@bash tests/system.sh

lint: env ## ruff, import layers, types
	@$(BIN)/python -m tests.suite --only ruff format layers types

types: env ## mypy alone
	@$(BIN)/python -m tests.suite --only types

e2e: ready test-system ## the browser tests alone
	@$(BIN)/python -m tests.suite --only browser

bench-%: env test-system ## one measurement, as one JSON line (bench-initial, bench-noop, ...)
	@export PMSYNC_HOME=$${PMSYNC_HOME:-$(HOME_DIR)/bench}; trap '$(BIN)/python -m pmsync.private down' EXIT; \
	  $(BIN)/python -m tests.bench.bench_$(subst -,_,$*)
bench-live bench-client bench-assistant: client

soak: env client test-system ## thousands of changes of mail, calendars and contacts, 500 sends, 1,000 approvals, amid random deaths; 500 injections (two hours)
	@$(BIN)/python -m pytest -q -s tests/faults/test_convergence.py
	@$(BIN)/python -m pytest -q -s tests/faults/test_hammer.py
	@$(BIN)/python -m pytest -q -s tests/faults/test_collections.py
	@PMSYNC_TEST_OPERATIONS=3000 $(BIN)/python -m pytest -q -s tests/cross/test_walk.py tests/push/test_walk.py
	@PMSYNC_TEST_WALKS=10 $(BIN)/python -m pytest -q tests/google_adapter tests/microsoft_adapter -k converge
	@PMSYNC_TEST_COMMANDS=300 $(BIN)/python -m pytest -q -s tests/faults/test_commands.py
	@PMSYNC_TEST_SENDS=500 $(BIN)/python -m pytest -q -s tests/compose/test_kills.py
	@PMSYNC_TEST_APPROVALS=1000 $(BIN)/python -m pytest -q -s tests/hitl/test_fire.py
	@PMSYNC_TEST_INJECTIONS=500 $(BIN)/python -m pytest -q -s tests/ai/test_injections.py
	@PMSYNC_TEST_PEOPLE=1000 $(BIN)/python -m pytest -q tests/reports/test_exactly_once.py -k all_zones

up: env ## start the private servers and leave them running
	@$(BIN)/python -m pmsync.private up
down: ## stop the private servers
	@test ! -x $(BIN)/python || for home in $(HOME_DIR) $(HOME_DIR)/test $(HOME_DIR)/e2e* $(HOME_DIR)/bench; do \
	  test ! -d $$home || PMSYNC_HOME=$$home $(BIN)/python -m pmsync.private down; done

requirements: env ## pin and hash requirements/*.in anew
	@cd requirements && for name in bootstrap base dev; do \
	  $(BIN)/uv pip compile -q --generate-hashes --python-version 3.11 --no-header $$name.in -o $$name.txt; done

clean: down ## remove the environment, the private servers' data and the built client
	rm -rf .pmsync static/dist $(APP)/node_modules test-results
