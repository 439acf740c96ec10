"""Training a case: again from its start or another, in another order of the samples, until it is accurate enough.

A start that fails is told in the record: which, and how far it came.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from particles.base import checkpoint as base
from particles.base.arrays import Floats
from particles.base.errors import NotFiniteError
from particles.base.parallel import Ranks
from particles.base.progress import Report
from particles.base.watch import Checkpoints
from particles.networks.cases import Choice, Learners, NetworkCase
from particles.networks.evaluate import Evaluation, evaluation
from particles.networks.keep import Epoch, newest
from particles.networks.polish import polish
from particles.networks.record import Record
from particles.networks.trainer import Trained, Training, digest, train

ENOUGH = 0.9
"""Accuracy below which the largest losses tell nothing of labels."""


class Hooks(NamedTuple):
    """What is told while a case is trained: every epoch, and by a bar for each start the share of it that is done."""

    bar: Callable[[], AbstractContextManager[Report]] = lambda: nullcontext(lambda share: None)
    tell: Callable[[Epoch], None] = lambda epoch: None


class Attempt(NamedTuple):
    """One start: its numbers, what they make of the samples of training, and what to say of it."""

    trained: Trained
    theta: Floats
    looked: Evaluation
    told: dict[str, Any]


@dataclass(frozen=True)
class Restarts:
    """A case, what was chosen of it, the ranks that train it, and numbers to begin with, by default the learner's."""

    case: NetworkCase
    choice: Choice
    learners: Learners
    ranks: Ranks
    start: Floats | None = None

    def perform(self, checkpoints: Checkpoints | None = None, hooks: Hooks | None = None) -> Record:
        """Train the case and look at what it has learnt. Collective; the same on any number of ranks.

        Raises
        ------
        NotFiniteError
            If no start stays finite; of the last one.
        Stopped
            If `checkpoints` asked to leave.
        """
        case, hooks = self.case, hooks or Hooks()
        began = self._began(checkpoints)
        best: Attempt | None = None
        told: list[dict[str, Any]] = []
        for number in range(case.starts):
            training = dataclasses.replace(case.training, seed=case.training.seed + number)
            # those before the one that was stopped are done again: their numbers are not kept
            keep = checkpoints if number >= began else None
            try:
                found = self._attempt(number, training, keep, hooks)
            except NotFiniteError as error:
                told.append({"seed": training.seed, "failed": str(error)})
                if best is None and number == case.starts - 1:
                    raise
                continue
            told.append(found.told | {"succeeded": self._succeeded(found)})
            best = found if best is None or found.looked.right > best.looked.right else best
            if self._succeeded(found):
                break
        assert best is not None
        return self._record(best, told)

    def _succeeded(self, found: Attempt) -> bool:
        return found.looked.accuracy >= self.case.goal - self.choice.flip

    def _began(self, checkpoints: Checkpoints | None) -> int:
        """Number of the start that a checkpoint is of; 0 where there is none."""
        if checkpoints is None:
            return 0
        folder = Path(checkpoints.folder)
        if not checkpoints.resume:
            self.ranks.on_first(lambda: base.require_none(checkpoints))
            return 0
        meta = self.ranks.on_first(lambda: newest(folder)[1])
        return int(meta["run"]["training"]["seed"]) - self.case.training.seed

    def _attempt(self, number: int, training: Training, checkpoints: Checkpoints | None, hooks: Hooks) -> Attempt:
        learner, held = self.learners.learner, self.learners.held if self.case.look else None
        keep = dataclasses.replace(checkpoints, resume=True, or_begin=True) if checkpoints is not None else None
        options: dict[str, Any] = {"held": held, "comm": self.ranks, "checkpoints": keep, "tell": hooks.tell}
        options["start"] = self.start
        if self.start is None and number and self.case.begin is not None:
            options["start"] = self.case.begin(learner, training.seed)
        try:
            with hooks.bar() as progress:
                trained = train(learner, training, progress=progress, **options)
        except NotFiniteError:
            self._discard(checkpoints)
            raise
        self._discard(checkpoints)
        theta = trained.theta
        told: dict[str, Any] = {"seed": training.seed, "objective": trained.curve[-1].objective}
        if self.case.polish:
            polished = polish(learner, theta, self.case.polish, self.ranks, self.case.polish_block)
            theta = polished.theta
            told |= {"polished": polished._asdict() | {"theta": digest(theta)}}
        looked = evaluation(learner, theta, self.ranks)
        return Attempt(trained, theta, looked, told | {"accuracy": looked.accuracy})

    def _discard(self, checkpoints: Checkpoints | None) -> None:
        if checkpoints is not None:
            self.ranks.on_first(lambda: base.discard(Path(checkpoints.folder)))

    def _record(self, best: Attempt, told: list[dict[str, Any]]) -> Record:
        held = self.learners.held
        beside = None if held is None else evaluation(held, best.theta, self.ranks)
        failed = sum(not start.get("succeeded", False) for start in told)
        info = {
            **best.trained.info, "case": self.case.name, "choice": dataclasses.asdict(self.choice), "starts": told,
            "failed": failed, "curve": [list(epoch) for epoch in best.trained.curve], "weights": digest(best.theta),
            "train": summary(best.looked), "held": None if beside is None else summary(beside),
            "numbers": self._numbers(best.theta), "remarks": [*self._remarks(best, failed, len(told))],
        }  # fmt: skip
        return Record(best.theta, info | self._wrong(best.looked))

    def _numbers(self, theta: Floats) -> dict[str, float]:
        """Groups of a single number, such as gamma, by their names."""
        found, at = {}, 0
        for group in self.learners.learner.groups:
            if group.size == 1:
                found[group.name] = float(theta[at])
            at += group.size
        return found

    def _remarks(self, best: Attempt, failed: int, starts: int) -> tuple[str, ...]:
        said = best.trained.remarks
        if self.case.polish:  # what was said of the numbers before
            said = self.learners.learner.remarks(best.theta)
        goal = self.case.goal - self.choice.flip
        if failed == starts and self.case.goal:
            said = (*said, f"none of {starts} starts reached an accuracy of {goal:g}: this is the best of them")
        elif failed:
            said = (*said, f"{failed} of {starts} starts failed, by an accuracy below {goal:g}")
        if self.choice.flip and best.looked.accuracy < ENOUGH:
            told = f"the accuracy is {best.looked.accuracy:.4g}, below {ENOUGH:g}"
            said = (*said, f"{told}: the largest losses do not tell wrong labels")
        return said

    def _wrong(self, looked: Evaluation) -> dict[str, Any]:
        """How many of the labels that were made wrong are among as many of the largest losses."""
        wrong = self.learners.wrong
        if not wrong.size:
            return {}
        among = set(looked.worst(wrong.size).tolist()) & set(wrong.tolist())
        return {"wrong_labels": {"samples": wrong.tolist(), "among_the_largest_losses": len(among)}}


def summary(looked: Evaluation) -> dict[str, Any]:
    """Numbers of an evaluation, plain values for JSON."""
    told = {"count": int(looked.labels.size), "right": looked.right, "accuracy": looked.accuracy}
    return told | {"loss": looked.loss, "confusion": looked.confusion().tolist()}
