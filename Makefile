# Everything a person or a machine does with this repository. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
# Compiled modules are kept: without them a command spends a fifth of its start on compiling its own.
export PYTHONDONTWRITEBYTECODE :=

PYTHON ?= python3
PHP ?= php
BIN := .venv/bin
STAMP := .venv/.ready
WORKERS ?= 2
# `make test SUITES="layout stages"` runs some of them; `make test ARGS="-k replay"` hands words on to pytest.
SUITES ?=
ARGS ?=
PHPUNIT := connector/phpunit.xml.dist connector/phpunit.xml connector/tests/phpunit.xml
STYLED := src tests lab bench tools contract hatch_build.py
ASSETS := src/presswarden/surfaces/console/static/manifest.json

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- running ---------------------------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(STAMP) $(ASSETS) ## make .venv with the locked packages, and the console's files for browsers

$(STAMP): requirements/dev.lock pyproject.toml
	@echo "== setup: .venv with the packages of requirements/dev.lock, each checked by hash (downloads about 57 MB unless cached, takes 270 MB here)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "setup: Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Say which: make setup PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "setup: $(PYTHON) has no venv module. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade > /dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
	@touch $(STAMP)

.PHONY: assets
assets: $(ASSETS) ## the console's files for browsers, from web/ and three pinned packages (needs npm)

$(ASSETS): hatch_build.py web/package-lock.json web/icons.txt $(wildcard web/src/*.* web/src/*/*) | $(STAMP)
	@echo "== assets: what the console sends to browsers"
	@$(BIN)/python hatch_build.py

.PHONY: demo
demo: $(STAMP) $(ASSETS) ## three real WordPress sites paired, changed, healed and proved (DEMO_SITES=1: one; KEEP=1 leaves them running)
	@$(BIN)/python -m lab.demo

.PHONY: dev
dev: $(STAMP) $(ASSETS) ## run the control plane here, all processes in one
	@$(BIN)/presswarden serve

.PHONY: bench
bench: $(STAMP) $(ASSETS) ## measure: ratios in one run, and the scripts that made them
	@$(BIN)/python -m bench

.PHONY: figures
figures: $(STAMP) $(ASSETS) ## docs/figures.md: what 1 to 300 real sites and 10,000 heartbeats cost (an hour; PARTS="sites-10 page": some of it)
	@$(BIN)/python -m bench.page $(PARTS)

# --- proving ---------------------------------------------------------------------------------------------------------------------------

.PHONY: test
test: $(STAMP) $(ASSETS) php-tools ## run every test: the connector's in PHP, then all of Python
	@echo "== connector, PHP unit tests ($$($(PHP) -r 'echo PHP_VERSION;'))"
	@phpunit --configuration $(or $(firstword $(wildcard $(PHPUNIT))),$(error no $(PHPUNIT): the connector has no PHP tests))
	@echo "== all suites of tests/, $(WORKERS) workers"
	@$(BIN)/python -m pytest -p tools.suites -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS) $(if $(SUITES),$(SUITES:%=tests/%),tests)

.PHONY: chaos
chaos: $(STAMP) $(ASSETS) php-tools ## a thousand faults, drawn from SEED, hit changes on real sites: RUNS=100 makes fewer (root, for disks and networks)
	@$(BIN)/python -m tests.chaos --runs $(or $(RUNS),1000) $(if $(SEED),--seed $(SEED))

.PHONY: chaos-points
chaos-points: $(STAMP) $(ASSETS) php-tools ## kill every process, PHP too, at every step of a change on real sites, five times at each point (half an hour)
	@PRESSWARDEN_CRASH_ROUNDS=5 $(BIN)/python -m pytest -q tests/crash/test_changes.py tests/crash/test_changes_php.py

.PHONY: matrix
matrix: $(STAMP) php-tools ## WordPress 6.2 to 7.1 on SQLite, MariaDB and as a network, PHP 7.4 to 8.5: each paired, read, changed and healed (ten minutes)
	@PRESSWARDEN_MATRIX=1 $(BIN)/python -m pytest -q tests/recovery/test_matrix.py tests/stories/test_hosts.py

.PHONY: check
check: $(STAMP) check-python layers check-layout check-php check-docs ## all that CI runs, but the tests

.PHONY: check-python
check-python: $(STAMP) ## format, lint and types of Python
	@echo "== ruff format"
	@$(BIN)/ruff format --check --quiet $(wildcard $(STYLED))
	@echo "== ruff check"
	@$(BIN)/ruff check --quiet $(wildcard $(STYLED))
	@echo "== mypy"
	@$(BIN)/mypy
	@$(BIN)/mypy -p tools

.PHONY: layers
layers: $(STAMP) ## which part may know which
	@echo "== import contracts"
	@$(BIN)/lint-imports --no-logo --no-cache

.PHONY: check-layout
check-layout: $(STAMP) ## the rules of the house, and that each of them sees
	@echo "== layout"
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/layout

.PHONY: check-php
check-php: php-tools ## syntax, style and dangerous calls of the connector
	@echo "== php -l"
	@find connector lab tools -name '*.php' -not -path '*/node_modules/*' -print0 | xargs -0 -r -n 40 -P 2 sh -c 'for f; do $(PHP) -l "$$f" > /dev/null || exit 255; done' sh
	@echo "== phpcs"
	@phpcs -q
	@echo "== dangerous calls"
	@$(PHP) tools/php/forbidden.php connector
	@echo "== what is shown, taken and asked directly; class map and texts are fresh"
	@$(PHP) tools/php/shown.php connector
	@$(PHP) tools/php/classmap.php --check
	@$(PHP) tools/php/pot.php --check

.PHONY: check-docs
check-docs: $(STAMP) ## generated pages are fresh
	@echo "== docs"
	@$(BIN)/python -m tools.requirements --check
	@$(BIN)/python -m tools.exit_codes --check
	@$(BIN)/python -m tools.metrics --check
	@$(BIN)/python -m tools.safety --check
	@$(BIN)/python -m tools.hosts --check

.PHONY: php-tools
php-tools:
	@for tool in $(PHP) phpunit phpcs; do command -v $$tool > /dev/null || { \
		echo "$$tool is not installed. On Debian, as root: apt-get install --no-install-recommends php-cli phpunit php-codesniffer (.ci/run lists all that tests use)" >&2; exit 1; }; done

# --- making ----------------------------------------------------------------------------------------------------------------------------

.PHONY: fix
fix: $(STAMP) ## format and repair what a machine can
	@$(BIN)/ruff check --quiet --fix $(wildcard $(STYLED)) || true
	@$(BIN)/ruff format --quiet $(wildcard $(STYLED))
	@phpcbf -q || test $$? -eq 1

.PHONY: docs
docs: requirements $(STAMP) ## make the generated pages
	@$(BIN)/python -m tools.exit_codes
	@$(BIN)/python -m tools.metrics
	@$(BIN)/python -m tools.safety
	@$(BIN)/python -m tools.hosts

.PHONY: transcripts
transcripts: $(STAMP) $(ASSETS) php-tools ## write the golden transcripts anew; read what changed before you commit it
	@$(BIN)/python -m pytest -q tests/transcripts --update-transcripts
	@git --no-pager diff --stat -- tests/transcripts

.PHONY: pictures
pictures: $(STAMP) $(ASSETS) ## docs/pictures, taken of the real console (needs Chromium)
	@$(BIN)/python -m tests.browser.docs

.PHONY: trees
trees: $(STAMP) $(ASSETS) ## what the main pages tell a screen reader, kept anew; read what changed before you commit it
	@PRESSWARDEN_RENEW_TREES=1 $(BIN)/python -m pytest -q tests/browser/test_trees.py
	@git --no-pager diff --stat -- tests/browser/trees

.PHONY: requirements
requirements: $(STAMP) ## docs/requirements.md from what the tests cite
	@$(BIN)/python -m tools.requirements

.PHONY: connector
connector: $(STAMP) ## build/presswarden-connector-VERSION.zip, the same bytes everywhere
	@$(BIN)/python -m tools.connector_zip

.PHONY: release
release: $(STAMP) ## a signed release of the connector: make release KEY=~/keys/presswarden-release (made when it is not there)
	@test -n "$(KEY)" || { echo "release: name the file of the release key: make release KEY=FILE (TRUST=PUBLIC for one more key)" >&2; exit 1; }
	@$(BIN)/python -m tools.release make --key "$(KEY)" $(if $(TRUST),--trust "$(TRUST)")
