# The project's commands. `make demo` and `make test` set up .venv by themselves, once.
PYTHON ?= python3
MPI ?= mpich
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
OUT := out/demo
RANKS ?= 2
RUN := $(BIN)/mpirun -n $(RANKS) $(BIN)/python -m

.PHONY: demo test test-long lint bench clean

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[$(MPI)]" --group test --group lint
	touch $(READY)

demo: $(READY)
	@mkdir -p $(OUT)
	@echo "== particles: a residual network of 1000 layers, on $(RANKS) ranks"
	$(RUN) particles run regression --count 1e6 --layers 1000 --seed 0 --out $(OUT)/cloud
	@echo "== the mean-field equation of the same network"
	$(BIN)/python -m kinetic run regression --cells 1600 --out $(OUT)/density.nc
	@echo "== how far apart they are"
	$(BIN)/python -m validation compare $(OUT)/cloud $(OUT)/density.nc
	$(BIN)/python -m validation plot $(OUT)/cloud --out $(OUT)/cloud.png
	$(BIN)/python -m validation plot $(OUT)/density.nc --out $(OUT)/density.png
	@echo "== does the distance fall like M^(-1/2), with the constant that theory gives?"
	$(RUN) validation study mean-field regression --out $(OUT)/regression
	@echo "== the same from measured data: 150 petal lengths, setosa against the rest"
	$(RUN) validation study mean-field iris --out $(OUT)/iris
	@echo "plots: $(OUT)/cloud.png $(OUT)/density.png $(OUT)/regression/study.png $(OUT)/iris/study.png"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -m "not long"

test-long: $(READY)
	$(BIN)/python -m pytest -m long --timeout 3600

clean:
	rm -rf $(VENV) out build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
