# Two commands on a fresh machine with Python 3.11 and make: `make run` and `make test`.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name) 2>/dev/null)))
VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := --require-hashes --no-deps
UV := $(VENV)/bin/uv pip install --quiet --system-certs --python $(PY) $(INSTALLED)
PIP := $(PY) -m pip install --quiet --disable-pip-version-check $(INSTALLED)
COMPILE := $(VENV)/bin/uv pip compile --quiet --system-certs --universal --generate-hashes --no-header --python $(PY)
# What stands in one file shares what it has started; the order is that of tests/conftest.py.
BESIDE := -n 3 --dist loadfile --no-loadscope-reorder
CHROMIUM := $(shell command -v chromium chromium-browser google-chrome 2>/dev/null | head -1)

.PHONY: help run test check browser bench lock clean base dev front
.DEFAULT_GOAL := help

help:  ## these lines
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

run: base front  ## start the portal in the foreground (PORT, DATA_DIR, DEMO)
	@exec $(PY) manage.py up

test: dev front  ## the whole test suite, browser tests too where there is a Chromium
	$(PY) -m pytest $(BESIDE) $(ARGS)

browser: dev front  ## the browser tests alone
	$(PY) -m pytest -m browser $(ARGS)

check: dev  ## format, lint, types, import contracts, migrations, system checks
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy apps portal manage.py
	$(VENV)/bin/lint-imports
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PY) manage.py check

bench: dev front  ## figures side by side
	$(PY) -m bench $(ARGS)

lock: $(VENV)/uv.stamp  ## resolve the dependencies anew and pin them by hash
	$(COMPILE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) requirements/node.in -o requirements/node.txt
	$(COMPILE) --override requirements/overrides.txt requirements/base.in -o requirements/base.txt
	$(COMPILE) --override requirements/overrides.txt requirements/dev.in -o requirements/dev.txt

clean:  ## remove what was installed and cached; data is kept
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -not -path './data/*' -prune -exec rm -rf {} +

base: $(VENV)/base.stamp
dev: $(VENV)/dev.stamp
front: node_modules/.stamp

$(VENV)/made.stamp:
	@test -n "$(PYTHON)" || { echo "No Python found: install Python 3.11 or later."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$$($(PYTHON) --version) is too old: install Python 3.11 or later, then: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "Python's venv module is missing: apt-get install python3-venv (or your system's package of it)."; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# uv installs in seconds what takes pip a minute; where it cannot be had, pip does it.
$(VENV)/uv.stamp: requirements/uv.txt | $(VENV)/made.stamp
	@$(PIP) -r requirements/uv.txt || echo "uv is not to be had here; pip will install"
	@touch $@

$(VENV)/base.stamp: requirements/base.txt $(VENV)/uv.stamp
	@echo "Installing what the portal runs on"
	@$(UV) -r $< || $(PIP) -r $<
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/uv.stamp
	@echo "Installing what the portal and its tests run on"
	@$(UV) -r $< || $(PIP) -r $<
	@touch $(VENV)/base.stamp $@

# Fonts and charts for the pages. npm from the PATH, else the one that PyPI carries.
node_modules/.stamp: $(wildcard package.json package-lock.json) requirements/node.txt | $(VENV)/uv.stamp
	@$(if $(wildcard package.json),./deploy/front-end $(PY),echo "No front-end packages to install"; mkdir -p node_modules)
	@touch $@
