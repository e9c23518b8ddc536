# make bench, make test: all a newcomer needs. make help lists the rest.

PYTHON ?= python3
ARGS ?=
FULL ?=
RESULTS ?=
# Another interpreter gets an environment of its own, beside the first.
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
# pip's and the compiler's words go to a log, which is shown if they fail.
PIP := $(BIN)/python -m pip install --quiet
LAB := $(PIP) --no-build-isolation -e
logged = >$(VENV)/$(1).log 2>&1 || { cat $(VENV)/$(1).log >&2; exit 1; }
SOURCES := $(wildcard $(foreach type,pyx pxd c h,lab/*.$(type) lab/*/*.$(type))) hatch_build.py

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export FULL

.DELETE_ON_ERROR:
.PHONY: help bench calibrate report notebook demo test lint sanitize format build clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16
	@echo 'PYTHON=python3.13 uses that interpreter; ARGS="..." goes to the command.'

bench: build  ## race every kernel and say which calls let threads run in parallel
	@$(BIN)/python -m lab bench $(ARGS)

calibrate: build  ## measure how good the lab itself is: scope, kernels against C
	@$(BIN)/python -m lab calibrate $(ARGS)

report: $(VENV)/.report build  ## make results/report.html of the newest whole run, or of RESULTS
	@$(BIN)/python -m lab report $(RESULTS) -o results/report.html $(ARGS)

# Jupyter serves root, as in a container, only when told to.
notebook: $(VENV)/.notebook build  ## the demo's acts as exercises, in a browser
	@$(BIN)/python -m jupyterlab notebooks/gil_lab.ipynb \
	  $$([ "$$(id -u)" != 0 ] || echo --allow-root) $(ARGS)

demo: build  ## a guided tour in five acts, to be projected
	@$(BIN)/python -m lab demo $(ARGS)

# Some at a time, as many wait for sleeping calls; a file's tests share what they build.
# Hundreds of processes: each would compile the same modules again, were none kept.
test: $(VENV)/.test build  ## run the test suite
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.lint $(VENV)/.test build  ## ruff, mypy and cython-lint
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PATH=$(BIN):$$PATH cython-lint lab

ASAN := build/asan
LIBASAN = $$($(CC) -print-file-name=libasan.so)

SANITIZED := test_kernels instruments/test_scope instruments/test_scope_processes \
             instruments/test_memory instruments/test_stacks instruments/test_lines \
             instruments/test_comparison instruments/test_sampled_lines \
             calls/test_checks calls/test_doses

sanitize: $(VENV)/.test build  ## scope and kernels under AddressSanitizer (needs the compiler's libasan)
	@test -f "$(LIBASAN)" || { echo 'gil-lab: $(CC) has no libasan.so: install the' \
	  'sanitizer library of your compiler (Debian, Ubuntu: libgcc-12-dev)' >&2; exit 1; }
	@rm -rf $(ASAN) && mkdir -p $(ASAN)
	@cp -r hatch_build.py pyproject.toml lab tests $(ASAN) && rm -f $(ASAN)/lab/*.so $(ASAN)/lab/*/*.so
	@cd $(ASAN) && LDFLAGS=-fsanitize=address,undefined \
	  CFLAGS='-fsanitize=address,undefined -fno-omit-frame-pointer -g -O1' \
	  "$(CURDIR)"/$(BIN)/python hatch_build.py >build.log 2>&1 \
	  || { cat build.log >&2; exit 1; }
	@cd $(ASAN) && LD_PRELOAD=$(LIBASAN) PYTHONMALLOC=malloc \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1 \
	  "$(CURDIR)"/$(BIN)/python -m pytest -p no:cacheprovider -q --capture=sys \
	  $(SANITIZED:%=tests/%.py) $(ARGS)

format: $(VENV)/.lint  ## let ruff put the code in form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

build: $(VENV)/.built  ## create the environment and compile, if needed

clean:  ## remove environments and everything compiled; results stay
	rm -rf .venv .venv-* build lab/*.so lab/*/*.so

$(VENV)/.python:
	@command -v $(PYTHON) >/dev/null \
	  && $(PYTHON) -c '' 2>/dev/null \
	  || { echo 'gil-lab: $(PYTHON) does not run: install Python 3.11 or newer' \
	       'or name one, as in make PYTHON=python3.13' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'gil-lab: $(PYTHON) is older than 3.11: install Python 3.11 or newer' \
	       'or name one, as in make PYTHON=python3.13' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo 'gil-lab: $(PYTHON) lacks the venv module: install python3-venv' \
	       '(Debian, Ubuntu) or your system'"'"'s equivalent' >&2; exit 1; }
	@echo 'gil-lab: creating $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# A compiler is looked for before anything is fetched.
$(VENV)/.installed: pyproject.toml | $(VENV)/.python compiler
	@echo 'gil-lab: installing packages into $(VENV)'
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", \
	  "rb"))["build-system"]["requires"], "editables", sep="\n")' >$(VENV)/build.txt
	@$(PIP) -r $(VENV)/build.txt $(call logged,packages)
	@echo 'gil-lab: compiling (half a minute)'
	@$(LAB) '.[bench]' $(call logged,install)
	@touch $@

$(VENV)/.built: $(SOURCES) | $(VENV)/.installed compiler
	@$(BIN)/python hatch_build.py $(call logged,build)
	@touch $@

$(VENV)/.report: pyproject.toml | $(VENV)/.installed
	@echo 'gil-lab: installing what draws the report into $(VENV)'
	@$(LAB) '.[report]' >$(VENV)/report.log 2>&1 \
	  || { echo 'gil-lab: cannot install what draws the report' \
	  '(see $(VENV)/report.log). If this Python is free-threaded, let another draw it' \
	  'of the same results: make report PYTHON=python3.13' >&2; exit 1; }
	@touch $@

$(VENV)/.notebook: pyproject.toml | $(VENV)/.installed
	@echo 'gil-lab: installing JupyterLab and what the notebook needs into $(VENV)'
	@$(LAB) '.[jupyter]' >$(VENV)/notebook.log 2>&1 \
	  || { cat $(VENV)/notebook.log >&2; \
	       echo 'gil-lab: what the notebook needs is not to be had for this Python:' \
	       'another has it, as in make notebook PYTHON=python3.13' >&2; exit 1; }
	@touch $@

# What draws pages is not made for free-threaded builds; those tests are skipped there.
$(VENV)/.test: pyproject.toml | $(VENV)/.installed
	@echo 'gil-lab: installing what the tests need into $(VENV)'
	@$(LAB) ".[$$($(BIN)/python -c 'import sysconfig as s; print("test" if \
	  s.get_config_var("Py_GIL_DISABLED") else "test,test-pages")')]" $(call logged,test)
	@touch $@

$(VENV)/.lint: pyproject.toml | $(VENV)/.installed
	@echo 'gil-lab: installing the linters into $(VENV)'
	@$(LAB) '.[lint]' $(call logged,lint)
	@touch $@

.PHONY: compiler
compiler:
	@command -v $(firstword $(CC)) >/dev/null || { echo 'gil-lab: no C compiler' \
	  '($(firstword $(CC))): install gcc or clang (Debian, Ubuntu: build-essential)' >&2; exit 1; }
