"""``python -m benchmarks.suite COMMAND``: asv with this project's settings; what the Makefile's targets call.

=========  ===========================================================================================
run        this commit, as this Python has it installed; ``--full`` for all turns. Stored in results/
compare    the kernels of HEAD against a commit, in turns; exit code 1 where HEAD is 10 % slower, twice
alarms     HEAD against itself ten times: how often `compare` is wrong. Every output is kept
history    the kernels of past commits, or what --bench names, each installed. Stored in results/
publish    the pages of all stored results, with every script beside them
=========  ===========================================================================================

asv writes a file about the machine into the home folder; here it gets a home of its own, .asv/home, so that nothing
of the user's changes and the machine goes by a neutral name. Environments for other commits are made with the
versions of the Python that runs this, so that a difference is the project's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from benchmarks import machine, offline
from benchmarks.measure import QUICK

HERE = Path(__file__).parent
ROOT = HERE.parent
SCRATCH = HERE / ".asv"
RESULTS = HERE / "results"
ALARMS = HERE / "false_alarms"
PAGES = ROOT / "out" / "dashboard"
KERNELS = r"^bench_kernels\."
FACTOR = 1.1
SLOWER = re.compile(r"^\| \+ .*\| ([\w.]+)(?:\(.*\))? +\|$", re.MULTILINE)
"""A row of asv's table: something that became slower by more than the factor."""


def git(*arguments: str) -> str:
    """What git answers in this repository."""
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def environment() -> tuple[dict[str, str], str]:
    """Variables for asv, and the name of this machine, which is written where asv looks for it."""
    home = SCRATCH / "home"
    home.mkdir(parents=True, exist_ok=True)
    found = machine.named(RESULTS, machine.facts())
    (home / ".asv-machine.json").write_text(json.dumps({found["machine"]: found, "version": 1}), encoding="utf-8")
    versions = {part.name: part.version for part in distributions() if part.name}
    for name in ("simresnet", "pip", "setuptools", "wheel"):
        versions.pop(name, None)
    constraints = SCRATCH / "constraints.txt"
    constraints.write_text(
        "\n".join(f"{name}=={number}" for name, number in sorted(versions.items())), encoding="utf-8"
    )
    own = {"HOME": str(home), "PIP_CONSTRAINT": str(constraints)}
    for variable, place in (("XDG_CACHE_HOME", ".cache"), ("XDG_CONFIG_HOME", ".config")):
        own[variable] = os.environ.get(variable, str(Path.home() / place))
    return os.environ | own, found["machine"]


def asv(*arguments: str, config: Path = HERE / "asv.conf.json", quick: bool = False) -> tuple[int, str]:
    """Run asv, showing and returning what it says, with its exit code."""
    variables, name = environment()
    if quick:
        variables[QUICK] = "1"
    command = [sys.executable, "-m", "asv", "--config", str(config), *arguments]
    if arguments[0] in ("run", "continuous"):
        command += ["--machine", name]
    said = []
    with subprocess.Popen(
        command, cwd=HERE, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    return process.returncode, "".join(said)


def run(full: bool, bench: str) -> int:
    """Measure this commit as it is installed; 2 if a benchmark fails. Uncommitted changes are measured, not stored."""
    began = time.monotonic()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results", ":!docs")
    head = git("rev-parse", "HEAD")
    keep = ["--set-commit-hash", head] if not changed else []
    less = [] if full else ["--attribute", "rounds=1"]
    options = ["--environment", f"existing:{sys.executable}", *keep, *less, "--show-stderr", "--durations", "10"]
    code, _ = asv("run", *options, *(["--bench", bench] if bench else []), quick=not full)
    _store(head)
    if changed:
        print("The working tree is not the commit, so nothing was stored:", changed, sep="\n")
    print(f"{time.monotonic() - began:.0f} s, {'no benchmark failed' if code == 0 else f'asv ended with {code}'}")
    return code


def _store(commit: str) -> None:
    """Name the Python by its version, for asv takes its path; results from before are kept beside.

    So the curve goes on from the commits that asv installed into an environment of their own.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    for path in RESULTS.glob(f"*/{commit[:8]}-existing-*.json"):
        target = path.with_name(f"{commit[:8]}-installed.json")
        record = json.loads(path.read_text(encoding="utf-8")) | {"env_name": "installed", "python": python}
        record["params"]["python"] = python
        if target.exists():
            before = json.loads(target.read_text(encoding="utf-8"))
            record["results"] = before["results"] | record["results"]
        target.write_text(json.dumps(record), encoding="utf-8")
        path.unlink()


def compare(base: str, head: str = "HEAD") -> int:
    """Exit code 1 where a kernel of `head` is slower than that of `base` by the factor, and again when asked twice."""
    config, bench = _config_for_comparison(), [KERNELS]
    ends = [git("rev-parse", commit) for commit in (base, head)]
    slower: set[str] = set()
    for attempt in ("first", "second"):
        shutil.rmtree(SCRATCH / "compare", ignore_errors=True)
        only = [word for pattern in bench for word in ("--bench", pattern)]
        how = ("--interleave-rounds", "--record-samples", "--factor", str(FACTOR))
        code, said = asv("continuous", *how, *only, *ends, config=config)
        by_median = set(SLOWER.findall(said))
        if code not in (0, 1) or (code == 1 and not by_median):
            print(f"asv ended with {code} and named nothing: no comparison")
            return 2
        before, after = (shortest(commit) for commit in ends)
        slower = {name for name in by_median if after[name] > FACTOR * before[name]}
        print(f"{attempt} time, 10 % slower by asv's median: {_list(by_median)}; by the shortest too: {_list(slower)}")
        if not slower:
            print("no kernel is slower")
            return 0
        bench = [f"^{re.escape(name)}$" for name in sorted(slower)]
    print(f"REGRESSION: {_list(slower)}")
    return 1


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def shortest(commit: str) -> dict[str, float]:
    """Shortest sample of each benchmark of a comparison: disturbances only add, and shift a median."""
    (path,) = (SCRATCH / "compare").glob(f"*/{commit[:8]}-*.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    place = record["result_columns"].index("samples")
    rows = {name: row[place][0] for name, row in record["results"].items() if len(row) > place and row[place]}
    return {name: min(samples) for name, samples in rows.items() if samples}


def configuration() -> dict[str, Any]:
    """asv's settings of this project."""
    text = (HERE / "asv.conf.json").read_text(encoding="utf-8")
    settings: dict[str, Any] = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    return settings


def _config_for_comparison() -> Path:
    """asv's settings with absolute paths and results of their own: a comparison leaves no trace in the history."""
    settings = {**configuration(), "repo": str(ROOT), "benchmark_dir": str(HERE), "env_dir": str(SCRATCH / "env")}
    settings |= {"results_dir": str(SCRATCH / "compare"), "html_dir": str(SCRATCH / "html")}
    SCRATCH.mkdir(exist_ok=True)
    path = SCRATCH / "compare.conf.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def alarms(times: int) -> int:
    """Compare HEAD with a twin, a commit of the same files, and keep what was said; 1 if more than one alarm rings."""
    who = {f"GIT_{role}_{what}": "twin" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(ROOT), "commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "the same files"]
    made = subprocess.run(command, env=os.environ | who, capture_output=True, text=True, check=True)
    ALARMS.mkdir(exist_ok=True)
    rung = []
    for number in range(1, times + 1):
        script = [sys.executable, "-m", "benchmarks.suite", "compare", "HEAD", "--head", made.stdout.strip()]
        done = subprocess.run(
            script, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        text = f"{done.stdout}\nexit code {done.returncode}\n".replace(str(ROOT), ".")
        (ALARMS / f"{number:02}.txt").write_text(text, encoding="utf-8")
        print(f"{number:2} of {times}: exit code {done.returncode}", flush=True)
        rung += [number] if done.returncode else []
    print(f"{len(rung)} alarms in {times} comparisons of a commit with itself")
    return int(len(rung) > 1)


def history(commits: Sequence[str], bench: str) -> int:
    """Measure past commits, their kernels or what `bench` names; what a commit does not have yet stays empty."""
    hashes = SCRATCH / "hashes"
    SCRATCH.mkdir(exist_ok=True)
    hashes.write_text("\n".join(git("rev-parse", f"{commit}^{{commit}}") for commit in commits), encoding="utf-8")
    options = ["--bench", bench, "--attribute", "rounds=1", "--show-stderr"]
    code, _ = asv("run", f"HASHFILE:{hashes}", *options, quick=True)
    return code


def publish() -> int:
    """Write the pages of all stored results to out/dashboard; they need no network."""
    code, _ = asv("publish", "--no-pull")
    if code == 0:
        names = offline.stand_alone(PAGES)
        print(f"{PAGES.relative_to(ROOT)}: {len(names)} scripts and styles beside the pages")
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one of the commands."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.suite", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("run")
    one.add_argument("--full", action="store_true")
    one.add_argument("--bench", default="", help="a regular expression: these benchmarks alone")
    one = commands.add_parser("compare")
    one.add_argument("base")
    one.add_argument("--head", default="HEAD")
    commands.add_parser("alarms").add_argument("--times", type=int, default=10)
    one = commands.add_parser("history")
    one.add_argument("commits", nargs="+")
    one.add_argument("--bench", default=KERNELS)
    commands.add_parser("publish")
    given = vars(parser.parse_args(arguments))
    actions = {"run": run, "compare": compare, "alarms": alarms, "history": history, "publish": publish}
    try:
        return actions[given.pop("command")](**given)
    except (offline.OfflineError, subprocess.CalledProcessError) as error:
        print(f"error: {error} {getattr(error, 'stderr', '') or ''}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
