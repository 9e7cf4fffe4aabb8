# make lab · test · course · student · teacher · train · bench: each works from a fresh clone with only Python >= 3.10 and make.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/installed

.PHONY: lab test course student teacher train bench

lab: $(READY)
	$(BIN)/python -m jupyter lab notebooks/00_start_here.ipynb

test: $(READY)
	$(BIN)/python -m pytest

course: $(READY)
	$(BIN)/python tools/course.py

student: $(READY)
	$(BIN)/python tools/editions.py student

teacher: $(READY)
	$(BIN)/python tools/editions.py teacher

train: $(READY)
	$(BIN)/python -m dflib train all

bench: $(READY)
	$(BIN)/python -m pytest tests/bench -n 0 --benchmark-enable

$(READY): pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(0 if (3, 10) <= sys.version_info < (3, 14) else 'Python 3.10 to 3.13 is needed, this is ' + sys.version.split()[0] + '; choose another with: make PYTHON=python3.12 lab')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@$(PYTHON) -c "open('$(READY)', 'w').close()"
