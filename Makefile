# Two commands on a fresh machine: `make demo` and `make test`. Everything lives in .venv and .feed.
# VENV may be changed (VENV=/tmp/venv make test); PYTHON too (PYTHON=python3.13 make demo).
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
HOLD := --disable-pip-version-check --quiet --require-hashes --no-deps

.PHONY: demo run test lint bench bench-settle chaos fuzz clients lock clean install install-dev

demo: install          ## Plays a whole campaign, from the first post to the claimed prize, and checks every step.
	"$(BIN)/feed" demo $(ARGS)

run: install           ## The demo's world, kept running to look around in.
	"$(BIN)/feed" demo --keep $(ARGS)

test: lint             ## Lint, types, contracts and every test.
	"$(BIN)/python" -m pytest $(ARGS)

lint: install-dev
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"
	"$(BIN)/squawk" migrations/*.sql

bench: install-dev     ## Measures against a constant body and a hello on the same server.
	"$(BIN)/python" -m bench $(ARGS)

bench-settle: install-dev  ## Settles a campaign of 100,000 entries and five million likes, against the bare SQL that counts the same.
	"$(BIN)/python" -m bench.settle $(ARGS)

chaos: install-dev     ## Kills, pauses, empties and sets back every part under load; then nothing may be lost, doubled or adrift.
	"$(BIN)/python" -m tests.chaos --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) $(ARGS)

fuzz: install-dev      ## Asks a live server 20,000 things in every role; every answer must be one that the document promises.
	"$(BIN)/python" -m tests.fuzz --seed $(or $(SEED),1) $(ARGS)

clients: install-dev   ## Generates clients from the served document, and tells the demo's story with the Python one.
	@test -x "$(VENV)-clients/bin/python" || "$(BIN)/python" -m venv "$(VENV)-clients"
	@"$(VENV)-clients/bin/python" -m pip install $(HOLD) -r requirements-clients.lock
	"$(BIN)/python" -m tests.clients --generator "$(VENV)-clients/bin/openapi-python-client" $(ARGS)

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "feed needs Python 3.11 or newer, with its venv module, on PATH."; exit 1; }
	@echo "Installing into $(VENV) (about a minute, once) …"
	@test -x "$(BIN)/python" || $(PYTHON) -m venv "$(VENV)"
	@"$(BIN)/python" -m pip install $(HOLD) -r requirements.lock
	@"$(BIN)/python" -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch "$@"

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@"$(BIN)/python" -m pip install $(HOLD) -r requirements-dev.lock
	@touch "$@"

lock:                  ## Pins every version with its hashes; needs uv on PATH.
	uv pip compile pyproject.toml --extra embedded --extra build --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --all-extras --constraints requirements.lock --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements-dev.lock
	uv pip compile tests/clients/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements-clients.lock

clean:
	rm -rf "$(VENV)" "$(VENV)-clients" .feed .pytest_cache .mypy_cache .ruff_cache .hypothesis
