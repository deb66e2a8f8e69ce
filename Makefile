# SPDX-License-Identifier: MIT
# Every target makes what it needs: a virtual environment in .venv, a MicroPython in .cache.

PYTHON    ?= python3
HTTP_PORT ?= 8080
ARGS      ?=

VENV := .venv
PY   := $(VENV)/bin/python
MADE := $(VENV)/made
HAS_VENV = $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null

# $(call need,PORT CONFIG): stop with one sentence unless all of these are given.
need = $(foreach name,$(1),$(if $($(name)),,$(error $(name) is missing: say "make $@ $(foreach n,$(1),$(n)=...)")))

.PHONY: help run test bench lint format pins check flash deploy config setup scan read calibrate logs wasm-test clean release mutants chaos soak
.DEFAULT_GOAL := help

help: ## This list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

run: $(MADE) ## The whole bridge on this PC with a simulated site (HTTP_PORT=8080 CONFIG=config.json FAULT=1:silent HOUR=13:30).
	@exec $(PY) -m host_tools.simulate.run --http-port "$(HTTP_PORT)" $(if $(CONFIG),--config "$(CONFIG)") \
	  $(if $(FAULT),--fault "$(FAULT)") $(if $(HOUR),--hour "$(HOUR)") $(ARGS)

test: $(MADE) ## All tests, on CPython and on MicroPython.
	@$(PY) -m host_tools.build.interpreter
	@$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

wasm-test: $(MADE) ## The portable tests on MicroPython's WebAssembly build (needs Node.js).
	@$(PY) -m host_tools.build.interpreter --wasm
	@$(PY) -m pytest -n 2 --wasm host_tests/portable host_tests/host/test_plan_bytes.py $(ARGS)

bench: $(MADE) ## Measure what design.md promises.
	@$(PY) -m host_tools.measure.bench $(ARGS)

mutants: $(MADE) ## Do the portable tests bite? Change one thing of lib/ after the other.
	@$(PY) -m host_tools.measure.mutants $(ARGS)

chaos: $(MADE) ## Does the charger hear anything untrue? The bridge with faults in virtual time (SEED=1 SECONDS=100).
	@$(PY) -m host_tools.simulate.chaos $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

soak: $(MADE) ## Does the bridge hold what it held? A day in virtual time on 32-bit MicroPython (DAYS=50).
	@$(PY) -m host_tools.simulate.soak $(if $(DAYS),--days $(DAYS))

lint: $(MADE) ## Style, types, and whether the device code fits MicroPython on an ESP32.
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m host_tools.build.device_api

format: $(MADE) ## Let ruff put the code in order, and give each source file its licence line.
	@$(PY) -m host_tools.build.spdx
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

pins: ## Resolve requirements.in into requirements.txt, with the hashes of every file (needs uv, which pip installs).
	@command -v uv >/dev/null || { echo 'uv is missing: install it (pip install uv).' >&2; exit 1; }
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command 'make pins' requirements.in --output-file requirements.txt

release: $(MADE) ## What owners get of the last commit, in dist/: an archive, a mip package, their SHA-256.
	@$(PY) -m host_tools.build.release $(ARGS)

check: $(MADE) ## Check a configuration: CONFIG=config.json
	@$(call need,CONFIG)
	@$(PY) -m host_tools.owner.check "$(CONFIG)" $(ARGS)

flash: $(MADE) ## Put MicroPython on a board: PORT=/dev/ttyUSB0 (also: BOARD=lilygo-t-can485 FIRMWARE=file.bin BLUETOOTH=keep)
	@$(call need,PORT)
	@$(PY) -m host_tools.owner.flash --port "$(PORT)" $(if $(BOARD),--board "$(BOARD)") $(if $(FIRMWARE),--firmware "$(FIRMWARE)") \
	  $(if $(BLUETOOTH),--bluetooth "$(BLUETOOTH)") $(ARGS)

deploy: $(MADE) ## Put the bridge on a board: PORT=/dev/ttyUSB0 (CONFIG=config.json, else its own stays; also: BOARD=name FORCE=1)
	@$(call need,PORT)
	@$(PY) -m host_tools.owner.deploy --port "$(PORT)" $(if $(CONFIG),--config "$(CONFIG)") $(if $(BOARD),--board "$(BOARD)") \
	  $(if $(FORCE),--force) $(ARGS)

config: $(MADE) ## The config.json that a board has, without its password: PORT=/dev/ttyUSB0 [> config.json]
	@$(call need,PORT)
	@$(PY) -m host_tools.owner.config --port "$(PORT)" $(ARGS)

scan: $(MADE) ## Find meters on an RS485 line and say which they are: PORT=/dev/ttyUSB0 (an adapter, no board)
	@$(call need,PORT)
	@$(PY) -m host_tools.owner.scan --port "$(PORT)" $(ARGS)

read: $(MADE) ## What a meter says now: PORT=/dev/ttyUSB0 PROFILE=eastron-sdm630 UNIT=1 (or ARGS="--raw 0x34 2")
	@$(call need,PORT UNIT)
	@$(PY) -m host_tools.owner.read --port "$(PORT)" --unit "$(UNIT)" $(if $(PROFILE),--profile "$(PROFILE)") $(ARGS)

setup: $(MADE) ## Start a board's set-up mode and tell the key of its network: PORT=/dev/ttyUSB0 (ARGS="--label label.svg")
	@$(call need,PORT)
	@$(PY) -m host_tools.owner.setup --port "$(PORT)" $(ARGS)

calibrate: $(MADE) ## Calibrate a clamp: PORT=http://nrgkick-bridge.local/ (or /dev/ttyUSB0)
	@$(call need,PORT)
	@$(PY) -m host_tools.owner.calibrate --port "$(PORT)" $(ARGS)

logs: $(MADE) ## What a board has to say: PORT=/dev/ttyUSB0
	@$(call need,PORT)
	@$(PY) -m host_tools.owner.logs --port "$(PORT)" $(ARGS)

clean: ## Remove everything that make has made.
	rm -rf $(VENV) .cache build dist

# Made anew when the pins change; the stamp comes last, so a half-made one counts as none.
$(MADE): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed: install it, or name it with "make PYTHON=...".' >&2; exit 1; }
	@$(HAS_VENV) || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv; fi >/dev/null 2>&1 || true
	@$(HAS_VENV) || \
	  { echo "Python's venv module is missing: install it (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@echo 'Installing host packages in $(VENV) ...'
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@
