# The two commands of the README: `make run` and `make test`.
# uv is installed into .tools/ with pip's --target, which works where `pip install` is refused
# (externally managed Pythons) and where the venv module is missing (Debian without python3-venv).
PYTHON ?= python3
UV := $(CURDIR)/.tools/bin/uv
export UV_PYTHON_DOWNLOADS := never
# Tests start many processes, and each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
RUN := $(UV) run --frozen --no-sync
# What the chat page is built from, with the package; see hatch_build.py.
WEB := $(shell find web -name node_modules -prune -o -type f -print)
NPM := npm --prefix web --silent

.DEFAULT_GOAL := help
.PHONY: help run test check web e2e format docs clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/'

run: .venv/.ready ## Start the server on http://127.0.0.1:8000
	@$(RUN) chatkit-backend serve

test: .venv/.ready ## Run every check: lint, types, layers, tests of the server and of the chat page
	@# Installing waits for the network, and types are checked on one core, so both go on beside the
	@# rest. The tests of the component wait for Chromium, which is among what is installed.
	@scripts/install_test_services.sh & services=$$!; \
		$(MAKE) --no-print-directory check & checks=$$!; \
		wait $$services; \
		$(MAKE) --no-print-directory web; tested=$$?; \
		wait $$checks && exit $$tested
	@if [ -x "$${CHROMIUM:-/usr/bin/chromium}" ] || [ -n "$$CI" ]; then \
		$(MAKE) --no-print-directory e2e; \
	else \
		echo "Left out, for want of Chromium: the tests of the chat page in a browser (make e2e)"; \
	fi
	$(RUN) pytest -m alone $$(grep -rl 'mark\.alone' tests --include='*.py')
	$(RUN) pytest -m 'not alone' -n auto --dist worksteal

check: .venv/.ready ## Run the checks without the tests
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports

web: .venv/.ready ## Check the web component by itself: types, unit tests, size
	@command -v npm >/dev/null || { echo "make: npm not found; install Node.js 20 or newer"; exit 1; }
	$(NPM) run check
	$(NPM) test
	$(NPM) run size

e2e: export CHATKIT_STATIC = $(CURDIR)/src/chatkit_backend/static
e2e: .venv/.ready ## Test the web component in Chromium, which must be installed
	$(NPM) run e2e

format: .venv/.ready ## Format the code and mend what ruff can mend
	$(RUN) ruff check --fix
	$(RUN) ruff format

docs: .venv/.ready ## Write the generated parts of README.md, docs/ and .env.example anew
	$(RUN) python scripts/write_docs.py

clean: ## Remove everything that make set up (not your chatkit.db)
	rm -rf .venv .tools web/node_modules src/chatkit_backend/static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

$(UV):
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; install Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than 3.11; set PYTHON=python3.12, say"; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target .tools 'uv>=0.9,<1'

.venv/.ready: pyproject.toml uv.lock hatch_build.py $(WEB) | $(UV)
	$(UV) sync --frozen --quiet --python $$(command -v $(PYTHON))
	@touch $@
