# make lab · test · course · site · student · teacher · train · bench · lock: each works from a fresh clone with only Python >= 3.10 and make.
# LOCKED=1 installs the very versions of requirements.lock, and checks the hash of each file.
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/installed$(if $(LOCKED),-locked)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: lab test course site student teacher train bench lock

lab: $(READY)
	$(BIN)/python -m jupyter lab notebooks/00_start_here.ipynb

test: $(READY)
	$(BIN)/python -m pytest

course: $(READY)
	$(BIN)/python tools/course.py

site: $(READY)
	$(BIN)/python tools/website.py

student: $(READY)
	$(BIN)/python tools/editions.py student

teacher: $(READY)
	$(BIN)/python tools/editions.py teacher

train: $(READY)
	$(BIN)/python -m dflib train all

bench: $(READY)
	$(BIN)/python -m pytest tests/bench -n 0 --benchmark-enable

lock: $(READY)
	$(PIP) -e ".[lock]"
	$(BIN)/python tools/lock.py

$(READY): pyproject.toml $(if $(LOCKED),requirements.lock)
	@$(PYTHON) -c "import sys; sys.exit(0 if (3, 10) <= sys.version_info < (3, 14) else 'Python 3.10 to 3.13 is needed, this is ' + sys.version.split()[0] + '; choose another with: make PYTHON=python3.12 lab')"
	$(PYTHON) -m venv $(VENV)
ifdef LOCKED
	$(PIP) --require-hashes --no-deps -r requirements.lock
	$(PIP) "$$($(BIN)/python -c "import re; print(re.search(r'torch==[0-9.]+', open('pyproject.toml').read())[0])")"
	$(PIP) --no-deps --no-build-isolation -e .
	$(BIN)/python -m pip check
else
	$(PIP) -e ".[dev]"
endif
	@$(PYTHON) -c "open('$(READY)', 'w').close()"
