# Two commands on a fresh machine: `make demo` and `make test`. Everything lives in .venv and .feed.
# VENV may be changed (VENV=/tmp/venv make test); PYTHON too (PYTHON=python3.13 make demo).
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
HOLD := --disable-pip-version-check --quiet --require-hashes --no-deps

# `make` alone lists the targets.
.DEFAULT_GOAL := help

.PHONY: help demo run test check properties lint bench bench-settle chaos fuzz fuzz-media examples clients docs screenshots lock clean install install-dev

help:                  ## Lists the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: install          ## Runs a whole campaign, from the first post to the claimed prize, and checks every step.
	"$(BIN)/feed" demo $(ARGS)

run: install           ## Runs the demo and keeps its servers running.
	"$(BIN)/feed" demo --keep $(ARGS)

# Lint runs beside the tests; its output follows theirs. Fails when either fails. JOBS=1 runs the tests in one process.
BESIDE_LINT = @log=$$(mktemp); $(MAKE) --no-print-directory lint >"$$log" 2>&1 & lint=$$!; \
	"$(BIN)/python" -m pytest -n $(or $(JOBS),auto)
# With AGAIN=N up to N failed tests run once more, one after another: the tests start dozens of servers and browsers beside each other,
# and a busy machine can be slower than any limit. A fault fails again; what did not is in the output.
AGAIN ?= 0
FAILED = $$(grep -c '": true' .pytest_cache/v/cache/lastfailed)
AFTER_LINT = ; tests=$$?; wait $$lint; linted=$$?; cat "$$log"; rm -f "$$log"; \
	if [ $$tests = 1 ] && [ $(AGAIN) -gt 0 ] && [ $(FAILED) -le $(AGAIN) ]; then \
		echo "once more, one after another: $(FAILED)"; "$(BIN)/python" -m pytest -v -n 0 --last-failed --last-failed-no-failures none; tests=$$?; fi; \
	echo "tests: $$([ $$tests = 0 ] && echo passed || echo FAILED), lint: $$([ $$linted = 0 ] && echo passed || echo FAILED)"; \
	[ $$tests = 0 ] && [ $$linted = 0 ]

test: install-dev      ## Runs lint, types, import contracts and every test.
	$(BESIDE_LINT) $(ARGS) $(AFTER_LINT)

check: install-dev     ## Runs lint, types, import contracts and the tests that need no database of their own and start no process.
	$(BESIDE_LINT) -m quick $(ARGS) $(AFTER_LINT)

properties: install-dev  ## Runs the property tests on 1,000 random examples each; elsewhere the examples are always the same.
	FEED_TESTS_PROFILE=random "$(BIN)/python" -m pytest -n $(or $(JOBS),auto) -m hypothesis $(ARGS)

lint: install-dev
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"
	"$(BIN)/squawk" migrations/*.sql

bench: install-dev     ## Measures CPU per request against a constant body and a hello on the same server; needs wrk.
	"$(BIN)/python" -m bench $(ARGS)

bench-settle: install-dev  ## Settles a campaign of 100,000 entries and five million likes, compared with plain SQL for the same counts.
	"$(BIN)/python" -m bench.settle $(ARGS)

chaos: install-dev     ## Kills, pauses, empties and rolls back every component under load, then checks for lost or doubled writes and drift.
	"$(BIN)/python" -m tests.chaos --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) $(ARGS)

fuzz: install-dev      ## Sends 20,000 requests, odd and extreme ones among them, in every role to a live server and checks each response; REQUESTS=100000.
	"$(BIN)/python" -m tests.fuzz --seed $(or $(SEED),1) --requests $(or $(REQUESTS),20000) $(ARGS)

fuzz-media: install-dev  ## Renders 10,000 mutated photos and 300 mutated videos, each in the sandbox; PHOTOS=, VIDEOS=, SEED=.
	"$(BIN)/python" -m tests.renditions.fuzz --seed $(or $(SEED),1) --photos $(or $(PHOTOS),10000) --videos $(or $(VIDEOS),300) $(ARGS)

examples: install-dev  ## Records the examples of the OpenAPI document again, from a story that is played on a running server; needs a C compiler.
	"$(BIN)/python" -m tests.support.story.record

clients: install-dev   ## Lints the OpenAPI document, generates clients in four languages, and plays campaigns with two of them; needs Node.js.
	@test -x "$(VENV)-clients/bin/python" || "$(BIN)/python" -m venv "$(VENV)-clients"
	@"$(VENV)-clients/bin/python" -m pip install $(HOLD) -r requirements-clients.lock
	"$(BIN)/python" -m tests.clients --bin "$(VENV)-clients/bin" $(ARGS)

docs:                  ## Builds the site of the documents into .site, to be read without a network.
	@test -x "$(VENV)-docs/bin/python" || $(PYTHON) -m venv "$(VENV)-docs"
	@"$(VENV)-docs/bin/python" -m pip install $(HOLD) -r requirements-docs.lock
	@"$(VENV)-docs/bin/python" docs/site/build.py

screenshots: install-dev  ## Takes the pictures of the README again, from the pages of a running `make run`; needs Chromium.
	"$(BIN)/python" docs/site/screenshots.py $(ARGS)

install: $(VENV)/.installed          ## Installs the package into .venv.
install-dev: $(VENV)/.installed-dev  ## Installs what development and tests need as well.

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
	uv pip compile pyproject.toml --extra embedded --extra media --extra build --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --all-extras --constraints requirements.lock --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements-dev.lock
	uv pip compile tests/clients/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements-clients.lock
	uv pip compile docs/site/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements-docs.lock

clean:                 ## Deletes .venv, .feed and all caches.
	rm -rf "$(VENV)" "$(VENV)-clients" "$(VENV)-docs" .feed .site .pytest_cache .mypy_cache .ruff_cache .hypothesis
