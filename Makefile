# Every command does its own set-up; a second call finds it done. Nothing outside this folder changes.

PYTHON ?= python3
UV ?= uv
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .make
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
DASHBOARD := mFrontend
BUILD := sh $(DASHBOARD)/scripts/build.sh
NPM := npm --prefix $(DASHBOARD) --silent
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

# What needs quiet processors runs alone, everything else on two at once.
TESTS_PARALLEL := tests/architecture tests/unit tests/venues tests/property
TESTS_ALONE := tests/integration tests/chaos tests/browser
BENCHMARKS := orderbook_keys ingest bus fanout rest_get processes restart_storm end_to_end fleet \
	both_venues history dashboard
PYTEST := $(BIN)/python -m pytest --quiet

# What needs Node is left out where there is none, save where REQUIRE_SERVICES=1 demands all.
define with_node
	@if reason=$$(sh $(DASHBOARD)/scripts/node.sh); then $(1); else \
		echo "not run: $(2). $$reason"; test "$$REQUIRE_SERVICES" != 1; fi
endef

.PHONY: help run dashboard lighter stores test check bench screenshots lock clean
.DEFAULT_GOAL := help

help:
	@echo "make run        set up what is needed and start the service (demo where no account is set)"
	@echo "make dashboard  the dashboard alone, where it changed (needs Node)"
	@echo "make lighter    the signer of venue Lighter, for accounts with a private key"
	@echo "make stores     what history in PostgreSQL or Supabase needs"
	@echo "make test       the tests"
	@echo "make check      format, lint, types, import contracts, generated pages"
	@echo "make bench      the benchmarks; writes benchmarks/RESULTS.md"
	@echo "make screenshots the pictures in docs/screenshots (needs Chromium)"
	@echo "make lock       new lock files from pyproject.toml (needs uv)"
	@echo "make clean      remove everything that these commands made, data/ and run/ excepted"

# Without the dashboard the service runs all the same; why it is not there has been said by then.
run: $(STAMPS)/run
	@$(BUILD) || :
	@exec $(BIN)/python main.py run

dashboard:
	@$(BUILD)

lighter: $(STAMPS)/lighter

stores: $(STAMPS)/stores

test: $(STAMPS)/dev
	$(call with_node,$(BUILD) && $(NPM) test,the dashboard's own tests)
	@failed=0; $(PYTEST) -n 2 $(TESTS_PARALLEL) || failed=1; \
		$(PYTEST) $(TESTS_ALONE) || failed=1; exit $$failed

check: $(STAMPS)/dev
	@$(BIN)/ruff format --check --quiet . || { echo "format: run $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/python -m mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >$(STAMPS)/imports.txt || { cat $(STAMPS)/imports.txt; exit 1; }
	@$(BIN)/python -m config.reference --check
	@$(BIN)/python -m web.metrics_reference --check
	$(call with_node,$(BUILD) && $(NPM) run lint && PYTHON=$(abspath $(BIN)/python) \
		$(NPM) run check-api && $(NPM) run check-size,lint and size of the dashboard)
	@echo "check: format, lint, types, import contracts, generated pages are good"

bench: $(STAMPS)/dev
	@$(BUILD) || :
	@for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done

screenshots: $(STAMPS)/dev
	@$(BUILD)
	@$(BIN)/python tests/screenshots.py

lock:
	@command -v $(UV) >/dev/null || { echo "make lock needs uv (docs.astral.sh/uv), or UV=<its path>"; exit 1; }
	@$(LOCK) --extra dev pyproject.toml --output-file requirements-dev.lock
	@$(LOCK) --constraints requirements-dev.lock pyproject.toml --output-file requirements.lock
	@$(LOCK) --constraints requirements-dev.lock --extra postgres --extra supabase pyproject.toml \
		--output-file requirements-stores.lock

clean:
	@rm -rf $(VENV) $(STAMPS) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache $(DASHBOARD)/node_modules $(DASHBOARD)/dist $(DASHBOARD)/dist.* \
		$(DASHBOARD)/not-built.txt
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMPS)/venv:
	@command -v $(PYTHON) >/dev/null || { \
		echo "Broadcaster needs Python 3.11 or newer; $(PYTHON) was not found. Another one: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Broadcaster needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Another one: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv"; exit 1; }
	@mkdir -p $(STAMPS)
	@echo "[1/3] virtual environment in $(VENV) ($$($(PYTHON) -V))"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@touch $@

# The build back-end comes from the hashed lock file too: nothing unhashed is ever fetched.
$(STAMPS)/build.txt: requirements-dev.lock | $(STAMPS)/venv
	@awk '/^[a-zA-Z]/ {wanted = /^setuptools==/} wanted' requirements-dev.lock >$@

$(STAMPS)/run: requirements.lock pyproject.toml $(STAMPS)/build.txt | $(STAMPS)/venv
	@echo "[2/3] $$(grep -c '^[a-z].*==' requirements.lock) packages from requirements.lock, hashes checked"
	@$(PIP) install --require-hashes -r requirements.lock -r $(STAMPS)/build.txt
	@echo "[3/3] broadcaster itself"
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Without dependencies: of the SDK nothing but its signer is used, and pip knows no such extra.
$(STAMPS)/lighter: requirements-lighter.lock | $(STAMPS)/run
	@$(PIP) install --no-deps --require-hashes -r requirements-lighter.lock
	@touch $@

$(STAMPS)/stores: requirements-stores.lock | $(STAMPS)/run
	@$(PIP) install --require-hashes -r requirements-stores.lock
	@touch $@

$(STAMPS)/dev: requirements-dev.lock pyproject.toml | $(STAMPS)/venv
	@echo "[2/3] $$(grep -c '^[a-z].*==' requirements-dev.lock) packages from requirements-dev.lock, hashes checked"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@echo "[3/3] broadcaster itself"
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
