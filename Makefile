# The project's commands. `make demo` and `make test` set up .venv by themselves, once.
PYTHON ?= python3
MPI ?= mpich
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
OUT := out/demo
RANKS ?= 2
JOBS ?= 2
RUN := $(BIN)/mpirun -n $(RANKS) $(BIN)/python -m
unexport PYTHONDONTWRITEBYTECODE # hundreds of processes are started, of which each would compile every source

BENCH := $(VENV)/bench
DOCS := $(VENV)/docs
SUITE := $(BIN)/python -m benchmarks.suite
# commits of the history, oldest first: where kernels changed; benchmarks/history.md says what each is
COMMITS ?= $(shell sed -n 's/^| `\([0-9a-f]*\)`.*/\1/p' benchmarks/history.md)

.PHONY: demo demo-mnist test test-long test-versions lint bench bench-compare bench-false-alarms bench-history contest-env dashboard gallery docs clean

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --config-settings editable_mode=compat --editable ".[$(MPI)]" --group test --group lint
	touch $(READY)

$(BENCH): $(READY)
	$(BIN)/python -m pip install --quiet --group bench
	touch $(BENCH)

demo: $(READY)
	@mkdir -p $(OUT)
	@echo "== particles: a residual network of 1000 layers, on $(RANKS) ranks"
	$(RUN) particles run regression --count 1e6 --layers 1000 --seed 0 --replace --out $(OUT)/cloud
	@echo "== the mean-field equation of the same network"
	$(BIN)/python -m kinetic run regression --cells 1600 --replace --out $(OUT)/density.nc
	@echo "== how far apart they are"
	$(BIN)/python -m validation compare $(OUT)/cloud $(OUT)/density.nc
	$(BIN)/python -m validation plot $(OUT)/cloud $(OUT)/density.nc --law --replace --out $(OUT)/picture.png
	@echo "== does the distance fall like M^(-1/2), with the constant that theory gives?"
	$(RUN) validation study mean-field regression --replace --out $(OUT)/regression
	@echo "== the same from measured data: 150 petal lengths, setosa against the rest"
	$(RUN) validation study mean-field iris --replace --out $(OUT)/iris
	@echo "plots: $(OUT)/picture.png $(OUT)/regression/study.png $(OUT)/iris/study.png"

# what the stored network of docs/mnist.md makes of MNIST's four files: make demo-mnist DATA=FOLDER
demo-mnist: $(READY)
	@mkdir -p $(OUT)
	$(RUN) particles evaluate docs/mnist --data $(DATA) --picture $(OUT)/wrong.png --replace

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -m "not long" --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

test-long: $(READY)
	$(BIN)/python -m pytest -m long --timeout 3600

# the lowest and the newest versions of all that pyproject.toml admits, on each Python that is found;
# SIMRESNET_PYTHONS="3.11 3.13" names those that must be there
test-versions: $(READY)
	$(BIN)/python -m pytest -m long --timeout 3600 tests/base/test_versions.py

# this commit, every benchmark: quick, or with FULL=1 all turns
bench: $(BENCH)
	$(SUITE) run $(if $(FULL),--full)

# the kernels of HEAD against those of another commit; ends with 1 where one is 10 % slower
bench-compare: $(BENCH)
	$(SUITE) compare $(or $(BASE),HEAD~1)

# ten comparisons of HEAD with itself, for a quiet machine
bench-false-alarms: $(BENCH)
	$(SUITE) alarms

# the kernels of past commits; ONLY=. takes every benchmark, for commits that have what they need
bench-history: $(BENCH)
	$(SUITE) history $(COMMITS) $(if $(ONLY),--bench '$(ONLY)')

# the other libraries of the contest, in environments of their own; one that cannot be installed is named and left out
contest-env: $(READY)
	$(PYTHON) -m venv $(VENV)/contest
	$(VENV)/contest/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	for group in contest contest-torch; do \
	  $(VENV)/contest/bin/python -m pip install --quiet --group $$group || echo "the group $$group of pyproject.toml is left out"; done
	$(PYTHON) -m venv $(VENV)/contest/fplanck
	$(VENV)/contest/fplanck/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)/contest/fplanck/bin/python -m pip install --quiet --group contest-fplanck || echo "FPlanck is left out"

dashboard: $(BENCH)
	$(SUITE) publish
	@echo "http://127.0.0.1:$(or $(PORT),8080) shows it; Ctrl-C ends"
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory out/dashboard $(or $(PORT),8080)

# figures of the papers and failures, each run anew: SVG, PNG, PDF, one page and the same in Markdown (some 50 s)
gallery: $(READY)
	@mkdir -p out
	$(BIN)/python -m validation gallery --out out/gallery --replace
	@echo "open out/gallery/index.html"

$(DOCS): $(READY)
	$(BIN)/python -m pip install --quiet --group docs
	touch $(DOCS)

# the site, in out/docs: its tutorials run, or show what their last run left in out/pages; every warning, dead link or
# load from another host ends it
docs: $(DOCS)
	rm -rf out/docs out/dashboard
	-@$(SUITE) publish >/dev/null 2>&1 # without git's history the site says that there is no dashboard
	$(BIN)/python -m sphinx -q -W --keep-going -c docs/site -d out/docs/doctrees . out/docs/html
	[ ! -f out/dashboard/index.html ] || $(BIN)/python docs/site/dashboard.py out/dashboard out/docs/html/dashboard
	cp docs/site/start.html out/docs/index.html
	$(BIN)/python docs/site/offline.py out/docs
	@echo "open out/docs/index.html"

clean:
	rm -rf $(VENV) out build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
