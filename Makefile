# make run     the platform with the demo province, on this machine
# make test    all tests, on SQLite and PostgreSQL, with a real browser
# The other targets are listed by `make help`. Needed beforehand: python3.11 or newer, and make.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PORT ?= 8000
HOST_PYTHON ?= $(shell command -v python3.11 || command -v python3)
PYTHON := .venv/bin/python
CHROMIUM = $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

export PORT
export PYTHONUNBUFFERED := 1
# Without compiled bytecode every start takes seconds longer.
unexport PYTHONDONTWRITEBYTECODE

# LAN=1: listen on the local network and print its address, so that a real phone can scan.
ifdef LAN
export TRACE_LAN := $(LAN)
endif

.PHONY: help setup run test check style types layers dependencies vendored format bench soak docs-pictures lock dev browser clean

help:
	@echo "make run            serve the demo province on 127.0.0.1:$(PORT)   (PORT=8080, LAN=1 for real phones)"
	@echo "make test           run every test"
	@echo "make check          style, types, layers, dependencies"
	@echo "make bench          benchmarks beside their bases              (ONLY=labels|scan|graph|log, OUT=file.json)"
	@echo "make soak           the long tests, at full size"
	@echo "make docs-pictures  take the pictures of the documentation anew"
	@echo "make setup          only install what 'make run' needs"
	@echo "make format         let ruff lay out the code"
	@echo "make lock           write the lock files from pyproject.toml  (UPGRADE=1 for the newest versions)"
	@echo "make clean          remove .venv and the tools' caches (never instance/)"

run: setup
	@exec .venv/bin/flask --app wsgi traceability serve

test: dev browser
	$(PYTHON) -m pytest -n 2 --dist worksteal -q $(ARGS)

check: style types layers dependencies vendored

style: dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: dev
	.venv/bin/mypy

layers: dev
	.venv/bin/lint-imports --no-logo

dependencies: dev
	.venv/bin/deptry --no-ansi .

vendored: dev
	$(PYTHON) -m tools.vendor --check

bench: dev
	@$(PYTHON) -m bench $(if $(ONLY),--only $(ONLY)) $(if $(OUT),--out $(OUT))

soak: dev browser .venv/fuzz.stamp
	TRACE_SOAK=1 $(PYTHON) -m pytest -q -m soak $(ARGS)

docs-pictures: dev browser
	$(PYTHON) -m tools.docs_pictures

format: dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# ---- set-up: the stamps in .venv say which lock is installed, so that the next start takes no time ----

setup: .venv/run.stamp

dev: .venv/dev.stamp

.venv/bin/python:
	@test -n "$(HOST_PYTHON)" && $(HOST_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: apt-get install -y python3 python3-venv" >&2; exit 1; }
	@$(HOST_PYTHON) -c 'import ensurepip' 2>/dev/null || tools/need.sh "Python's venv" python3-venv
	@echo "Making .venv ..."
	@rm -rf .venv
	@$(HOST_PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock | .venv/bin/python
	@tools/install.sh requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock | .venv/bin/python
	@tools/install.sh requirements-dev.lock
	@touch .venv/run.stamp $@

.venv/fuzz.stamp: requirements-fuzz.lock | .venv/bin/python
	@tools/install.sh requirements-fuzz.lock
	@touch $@

browser:
	@test -n "$(CHROMIUM)" || tools/need.sh "the browser for the tests" chromium fonts-dejavu-core

# ---- locks: no host names, every file with its hash ----

LOCK = .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate $(if $(UPGRADE),--upgrade)

lock: dev
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(LOCK) --group fuzz -c requirements-dev.lock -o requirements-fuzz.lock
	$(LOCK) --group setup -c requirements-dev.lock -o requirements-uv.lock
	@! grep -n '://' requirements*.lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
