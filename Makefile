# Everything a newcomer needs, with only Python 3.11+, Node 20+, Terraform 1.11+ and make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
SOURCES := $(shell find main.py saas.tfvars constructs_lib tiers modules services plug_ins -type f \
	\( -name '*.py' -o -name '*.tf' -o -name '*.tfvars' \) -not -path '*/__pycache__/*' 2>/dev/null)
SYNTHESISED := cdktf.out/manifest.json

.DEFAULT_GOAL := help
.PHONY: help venv synth demo demo-down lint unit test postgresql bench lock clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(INSTALLED): requirements.lock setup.cfg
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

venv: $(INSTALLED) ## Create the virtual environment from the lock file

$(SYNTHESISED): $(INSTALLED) $(SOURCES)
	$(BIN)/python main.py
	@touch $@

synth: $(SYNTHESISED) ## Synthesise the Terraform JSON of every root module

demo: $(SYNTHESISED) ## Start the local AWS, apply everything, onboard a tenant per tier, send requests
	$(BIN)/ecs-saas --target local demo up

demo-down: $(INSTALLED) ## Offboard the tenants, destroy everything, prove that nothing is left
	$(BIN)/ecs-saas --target local demo down

lint: $(INSTALLED) ## ruff, mypy --strict, terraform fmt
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	terraform fmt -check -recursive modules

unit: $(INSTALLED) ## The tests of pure logic (seconds)
	$(BIN)/pytest -n 2 --dist loadfile tests/unit

test: lint $(SYNTHESISED) ## Everything that CI runs
	$(BIN)/pytest -n 2 --dist loadfile tests/unit tests/synth tests/terraform tests/cli
	$(BIN)/pytest -n 3 --dist loadfile tests/emulator/provisioning tests/emulator/authorization tests/emulator/local_aws tests/emulator/ecs tests/emulator/registry tests/emulator/storage \
		tests/conformance
	$(BIN)/pytest tests/e2e

postgresql: ## Install the server that the tests of storage run against, where apt may
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || ! command -v apt-get >/dev/null || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq postgresql >/dev/null; } || \
		echo "no PostgreSQL was installed: its tests say so and are skipped"

bench: $(SYNTHESISED) ## Measure the ratios that the design promises
	$(BIN)/python -m benchmarks

lock: ## Resolve setup.cfg anew into requirements.lock (needs uv)
	uv pip compile setup.cfg --extra local --extra dev --generate-hashes --universal \
		--no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 -o requirements.lock

clean: ## Remove what is built (state of the local AWS included)
	-$(BIN)/ecs-saas local down 2>/dev/null
	rm -rf $(VENV) .ecs-saas cdktf.out build *.egg-info
