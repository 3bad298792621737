# Everything starts here: `make help`.

SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
NPM := node_modules/.bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
TESTS ?=
BENCH ?=

# Installed once, and again when the list it comes from changes; each stamp lies in the tree it stands for.
VENV := .venv/pyvenv.cfg
RUN_TOOLS := .venv/.requirements
DEV_TOOLS := .venv/.requirements-dev
NODE_TOOLS := node_modules/.package-lock.json
OBSERVATORY := scripts/observatory/node_modules/.package-lock.json

MINUTES ?= 5

.PHONY: help run test test-net test-deploy test-install check model bench soak format vendor bundle lighthouse long-chat screenshots install-log lock outdated audit licences redis-next fuzz observatory clean

help: ## what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

run: $(RUN_TOOLS) ## the site on http://127.0.0.1:8080, or on PORT
	DEBUG=$${DEBUG:-1} PYTHONUNBUFFERED=1 $(BIN)/python manage.py runserver

test: $(DEV_TOOLS) $(NODE_TOOLS) ## all tests but those of the next three, or TESTS="tests.test_env ..."
	@scripts/setup test
	$(BIN)/python $(if $(TESTS),manage.py test $(TESTS),scripts/tests.py)

test-net: $(DEV_TOOLS) $(NODE_TOOLS) ## tests on real packets, between network namespaces, which root alone can make; some minutes
	@scripts/setup net || true
	$(BIN)/python manage.py test $(if $(TESTS),$(TESTS),tests.net)

test-deploy: $(DEV_TOOLS) $(NODE_TOOLS) $(OBSERVATORY) ## tests of deploy/: the whole chain of nginx, processes, Redis and coturn, and what breaks in it; as root
	@scripts/setup net || true
	$(BIN)/python manage.py test $(if $(TESTS),$(TESTS),tests.deploy)

test-install: $(DEV_TOOLS) ## deploy/install.sh on a fresh Debian 12 in a container, with systemd: installed, upgraded, broken; as root, some minutes
	@scripts/setup install
	$(BIN)/python manage.py test $(if $(TESTS),$(TESTS),tests.install)

install-log: $(DEV_TOOLS) ## write docs/install-log.md: what deploy/install.sh says on a fresh host, and when run again; as root
	@scripts/setup install
	$(BIN)/python -m scripts.install_log

check: $(DEV_TOOLS) $(NODE_TOOLS) ## what can be said without running it: form, lint, types, imports, vendored files
	@status=0; run() { echo "$$*"; "$$@" || status=1; }; \
	run $(BIN)/ruff format --check .; \
	run $(BIN)/ruff check .; \
	run $(BIN)/mypy; \
	run $(BIN)/lint-imports --no-logo; \
	run $(NPM)/biome check --error-on-warnings; \
	run $(NPM)/tsc --project jsconfig.json; \
	run $(BIN)/python scripts/vendor.py --check; \
	run $(BIN)/python scripts/bundle.py --check; \
	exit $$status

model: ## what a malicious server can and cannot do, asked of the model in docs/model; some minutes
	@scripts/setup model
	$(PYTHON) scripts/model.py

bench: $(DEV_TOOLS) $(NODE_TOOLS) ## how fast the matchmaker is, beside others, on daphne and uvicorn; some minutes
	$(BIN)/python -m bench $(BENCH)

soak: $(DEV_TOOLS) ## MINUTES of mixed life with faults; fails on a leak, a lost message, an unexpected error
	@scripts/setup test
	$(BIN)/python -m bench.soak --minutes $(MINUTES) --redis

format: $(DEV_TOOLS) $(NODE_TOOLS) ## bring Python, JavaScript, CSS and JSON into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(NPM)/biome check --write

vendor: $(DEV_TOOLS) $(NODE_TOOLS) ## build what static/ takes from npm packages (scripts/vendor.json)
	$(BIN)/python scripts/vendor.py

bundle: $(DEV_TOOLS) $(NODE_TOOLS) ## join what a page loads into static/built, which production serves
	$(BIN)/python scripts/bundle.py

lighthouse: $(DEV_TOOLS) $(NODE_TOOLS) ## what Lighthouse says of the pages; fails below 95
	@scripts/setup test
	$(BIN)/python scripts/lighthouse.py

long-chat: $(DEV_TOOLS) $(NODE_TOOLS) ## what 10,000 messages cost the page, beside 100; fails above 1.5 times
	@scripts/setup test
	$(BIN)/python scripts/long_chat.py

screenshots: $(DEV_TOOLS) $(NODE_TOOLS) ## make the pictures of every state of the pages again
	@scripts/setup test
	$(BIN)/python scripts/screenshots.py

lock: $(DEV_TOOLS) ## pin in requirements*.txt what requirements*.in ask for; UPGRADE="--upgrade" for the newest of all
	scripts/lock $(UPGRADE)

outdated: $(DEV_TOOLS) $(NODE_TOOLS) ## what the registries have newer, and what is held back and why
	$(BIN)/python -m scripts.outdated

audit: $(DEV_TOOLS) $(NODE_TOOLS) ## weaknesses known of what is pinned; fails on one, and when nobody could be asked
	$(BIN)/python -m scripts.audit

licences: $(DEV_TOOLS) ## write docs/licences.md
	$(BIN)/python -m scripts.licences

redis-next: $(DEV_TOOLS) ## whether redis may be 8 or newer; some minutes
	scripts/redis-next

fuzz: MINUTES := 10
fuzz: $(DEV_TOOLS) ## MINUTES of nonsense against live servers; fails on a 5xx, a traceback, a leak, a person not served
	@scripts/setup test
	$(BIN)/python -m bench.fuzz --minutes $(MINUTES)

observatory: $(DEV_TOOLS) $(OBSERVATORY) ## what MDN's Observatory says of the site behind nginx, as root; fails below A+
	@scripts/setup net
	$(BIN)/python -m scripts.observatory

clean: ## remove what the other targets installed and collected
	rm -rf .venv node_modules scripts/observatory/node_modules staticfiles .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV):
	@PYTHON="$(PYTHON)" scripts/setup run
	$(PYTHON) -m venv .venv

$(RUN_TOOLS): requirements.txt | $(VENV)
	$(PIP) -r requirements.txt
	@touch $@

$(DEV_TOOLS): requirements-dev.txt | $(VENV)
	$(PIP) -r requirements-dev.txt
	@touch $@ $(RUN_TOOLS)

$(NODE_TOOLS): package.json package-lock.json
	@scripts/setup check
	npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

$(OBSERVATORY): scripts/observatory/package.json scripts/observatory/package-lock.json
	@scripts/setup check
	npm ci --prefix scripts/observatory --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@
