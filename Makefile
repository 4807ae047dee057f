# Everything a newcomer needs, with only Python 3.11+, Node 20+, Terraform 1.11+ and make.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
SOURCES := $(shell find main.py saas.tfvars requirements.lock constructs_lib tiers modules services plug_ins -type f \
	\( -name '*.py' -o -name '*.tf' -o -name '*.tfvars' -o -name '*.json' -o -name '*.yml' -o -name Dockerfile \) -not -path '*/__pycache__/*' -not -path 'services/consoles/*' 2>/dev/null)
SYNTHESISED := cdktf.out/manifest.json
CONSOLES := services/consoles
MODULES := $(CONSOLES)/node_modules/.package-lock.json

# Where a shell forbids it, each of the thousands of processes compiles every module anew: that is
# 1.9 s of a core in place of 0.7 s to start the command line.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help venv synth consoles demo demo-down lint unit test packages bench wheels lock clean

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(INSTALLED): requirements.lock setup.cfg
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	@# What is imported is compiled then: of the 1,500 modules of the AWS bindings that is a few dozen.
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

venv: $(INSTALLED) ## Create the virtual environment from the lock file

$(SYNTHESISED): $(INSTALLED) $(SOURCES)
	$(BIN)/python main.py
	@touch $@

synth: $(SYNTHESISED) ## Synthesise the Terraform JSON of every root module

$(MODULES): $(CONSOLES)/package-lock.json
	@# A demo that began beside this one may be installing them: who waited finds them.
	flock $(CONSOLES)/package.json sh -c '[ $@ -nt $< ] || npm --prefix $(CONSOLES) ci --no-audit --no-fund --silent'
	@touch $@

consoles: $(INSTALLED) $(MODULES) ## Build the consoles, if something of them changed
	$(BIN)/ecs-saas consoles build

demo: $(SYNTHESISED) ## Start the local AWS, apply everything, onboard a tenant per tier, send requests
	$(BIN)/ecs-saas --target local demo up

demo-down: $(INSTALLED) ## Offboard the tenants, destroy everything, prove that nothing is left
	$(BIN)/ecs-saas --target local demo down

lint: $(INSTALLED) $(MODULES) ## ruff, mypy --strict, terraform fmt, eslint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	terraform fmt -check -recursive modules
	npm --prefix $(CONSOLES) run --silent lint

unit: $(INSTALLED) ## The tests of pure logic (seconds), but for what draws very many cases
	$(BIN)/pytest -n 2 --dist loadfile -m 'not many' tests/unit

test: $(SYNTHESISED) ## Everything that CI runs, what each part took, and what of the code it ran
	$(BIN)/python -m tests.phases

packages: ## Install the server and the browser that tests use, where apt may
	@missing=; ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="postgresql"; \
		command -v chromium chromium-browser google-chrome >/dev/null || missing="$$missing chromium fonts-liberation"; \
		[ -z "$$missing" ] || ! command -v apt-get >/dev/null || \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$missing >/dev/null; } || \
		echo "not installed: $$missing; their tests say so and are skipped"

bench: $(SYNTHESISED) ## Measure the ratios that the design promises
	$(BIN)/python -m benchmarks

wheels: $(INSTALLED) ## Build the constructs and the system as wheels and sdists, into dist
	$(BIN)/python -m distributions dist

lock: ## Resolve setup.cfg anew into requirements.lock (needs uv)
	uv pip compile setup.cfg --extra local --extra dev --generate-hashes --universal \
		--no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 -o requirements.lock

clean: ## Remove what is built (state of the local AWS included)
	-$(BIN)/ecs-saas local down 2>/dev/null
	rm -rf $(VENV) .ecs-saas cdktf.out build dist *.egg-info
