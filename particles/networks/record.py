"""The record of a trained network: a folder with ``network.json`` and ``weights.npy``; save and load.

``network.json`` tells the case and what was chosen of it, so that the samples can be made again, how it was trained and
restarted, the curve, the sum of the weights, and where all this comes from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from particles.base.arrays import Floats
from particles.base.digests import signed, unsigned
from particles.base.errors import InputError
from particles.base.files import new_folder, sync, write_json
from particles.base.readers import read_json, read_npy, reading
from particles.base.shown import Shown
from particles.networks.keep import Epoch
from particles.networks.trainer import digest

if TYPE_CHECKING:
    from xarray import Dataset

META, WEIGHTS = "network.json", "weights.npy"
FILES = (META, WEIGHTS)
FORMAT = "simresnet-network-1"


@dataclass(frozen=True, eq=False, repr=False)
class Record(Shown):
    """A trained network.

    Parameters
    ----------
    theta : ndarray, shape (size,)
    info : dict
        Plain values for JSON; "case" and "choice" among them.
    """

    theta: Floats
    info: dict[str, Any]

    @property
    def curve(self) -> tuple[Epoch, ...]:
        """A row an epoch, the start first."""
        return tuple(Epoch(*row) for row in self.info["curve"])

    def _facts(self) -> Iterator[tuple[str, Any]]:
        told = {name: self.info[name]["accuracy"] for name in ("train", "held") if self.info.get(name)}
        yield from {"case": self.info["case"], "numbers": self.theta.size, "accuracy": told}.items()

    def to_xarray(self) -> Dataset:
        """Return the training: "theta" over (number,), and over (epoch,) "loss", "accuracy", "penalty", and those held
        out, "held_loss" and "held_accuracy", NaN where none are. The rest is ``attrs["record"]``, JSON.
        """
        import xarray

        rows = self.curve
        names = [name for name in Epoch._fields if name != "epoch"]
        columns = {name: [getattr(row, name) for row in rows] for name in names}
        data: dict[str, Any] = {name: ("epoch", np.array(column, dtype=float)) for name, column in columns.items()}
        told = {name: value for name, value in self.info.items() if name != "curve"}
        data["theta"] = "number", self.theta
        return xarray.Dataset(data, {"epoch": [row.epoch for row in rows]}, {"record": json.dumps(told)})

    def save(self, path: str | Path, *, replace: bool = False) -> None:
        """Write the folder, whole or not at all; StorageError if the disk refuses."""
        with new_folder(path, FILES, replace=replace) as folder:
            np.save(folder / WEIGHTS, self.theta, allow_pickle=False)
            sync(folder / WEIGHTS)
            write_json(folder / META, signed({"format": FORMAT, **self.info, "weights": digest(self.theta)}))


def load(path: str | Path) -> Record:
    """Read a record; InputError if the folder holds none, or one that does not have its sums."""
    path = Path(path)
    if not (path / META).exists():
        raise InputError(f"{path} holds no trained network: there is no {META} in it")
    info = unsigned(read_json(path / META))
    theta = read_npy(path / WEIGHTS)
    with reading(path, "a trained network"):
        if info.pop("format", None) != FORMAT:
            raise InputError(f"its format is not {FORMAT}")
        if theta.dtype != np.float64 or theta.ndim != 1 or digest(theta) != info["weights"]:
            raise InputError(f"{WEIGHTS} does not have its sum: it is damaged, or was changed by hand")
        if not {"case", "choice", "curve"} <= set(info):
            raise InputError("its description is not that of a trained network")
    return Record(theta, info)
