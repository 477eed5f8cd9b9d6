# make run          open pitop (the first time: make .venv and install into it)
# make test         install what the tests need, then run them all
# make check        ruff, mypy, import-linter
# make bench        what pitop costs beside htop, btop, top, glances, atop, where these are installed
# make screenshots  draw screenshots/*.svg and *.png anew from the running program
# make clean        remove .venv and everything else that was made
#
# Variables: ARGS="--pane memory" (run, test), PYTHON=/path/to/python3, and for bench: PROCESSES=1000 SECONDS=10
# ROUNDS=1 PROGRAMS=pitop,htop,btop,top,glances,atop SIZE=120x40

VENV := .venv
BIN := $(VENV)/bin
INSTALL = PIP_BUILD_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--constraint constraints.txt

PROCESSES := 1000
SECONDS := 10
ROUNDS := 1
PROGRAMS :=
SIZE := 120x40

.PHONY: help run test check bench screenshots clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# //p; /^$$/q' Makefile

run: $(VENV)/installed
	@exec $(BIN)/pitop $(ARGS)

test: $(VENV)/tools $(VENV)/peers
	@exec $(BIN)/python -m pytest $(ARGS)

check: $(VENV)/tools
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/tools
	@$(BIN)/python -m bench --processes $(PROCESSES) --seconds $(SECONDS) --rounds $(ROUNDS) --size $(SIZE) \
		$(if $(PROGRAMS),--programs $(PROGRAMS))
	@echo && $(BIN)/python -m bench.processes && echo && $(BIN)/python -m bench.memory && echo && $(BIN)/python -m bench.path

screenshots: $(VENV)/tools
	@sh setup/packages --list screenshots/packages.txt
	@$(BIN)/python -m screenshots

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build snapshot_report.html

# Stamps: each is younger than what it was made from, so nothing is done twice. pitop is compiled when it is installed,
# since whoever opens it may not be allowed to write there, and would wait for that every time.

$(VENV)/made:
	@sh setup/environment $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing pitop into $(VENV)"
	@$(INSTALL) --editable .
	@$(BIN)/python -m compileall -q pitop
	@touch $@

$(VENV)/tools: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing pitop and its tests' tools into $(VENV)"
	@$(INSTALL) --editable '.[test]'
	@$(BIN)/python -m compileall -q pitop
	@touch $@ $(VENV)/installed

# Where a tool cannot be installed, the tests that compare with it are skipped and say so; with CI=true they fail.
$(VENV)/peers: $(VENV)/made tests/peers.txt
	@if sh setup/packages --list tests/peers.txt; then touch $@; else echo 'Tests that need them will be skipped.'; fi
