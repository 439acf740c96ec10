"""The one gate through which arrays of a user come in, and formulas over arrays.

A formula's loop is written once, the formula stays a scalar function.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from particles.base.errors import InputError
from particles.base.jit import Formula, kernel

Floats = NDArray[np.float64]

_SHAPES = {0: "a number", 1: "one row of numbers", 2: "a table of numbers (rows of equal length)"}
_EXACT = 2**53  # float64 holds every integer up to here
_PLAIN = (np.ndarray, np.memmap)  # other kinds of array carry a mask or a unit that a conversion would drop


def as_floats(
    given: Any, name: str, *, ndim: int | tuple[int, ...] = 1, finite: bool = True, convert: bool = True
) -> Floats:
    """Return what a user gave as a plain array of float64 with the same numbers, or refuse it in one sentence.

    A float64 array comes back as it is, not copied; integers, truth values, narrower floats and what `numpy.asarray`
    makes an array of (lists, pandas, xarray) are converted where float64 holds each number exactly.

    Parameters
    ----------
    given : array_like
    name : str
        What the sentence calls it.
    ndim : int or tuple of int, default 1
        Allowed numbers of axes.
    finite : bool, default True
        Refuse NaN and infinities.
    convert : bool, default True
        False refuses every type but float64.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    InputError
        For masked entries, arrays with a unit or mask of their own, objects, text, dates, complex numbers, integers
        that would be rounded, another number of axes, numbers that are not finite.
    """
    array = _plain_array(given, name)
    if not convert and array.dtype != np.float64:
        raise InputError(f"{name} of type {array.dtype} must be float64")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} of type {array.dtype} must be real numbers that float64 holds")
    if array.ndim not in (allowed := (ndim,) if isinstance(ndim, int) else ndim):
        raise InputError(f"{name} of shape {array.shape} must be {' or '.join(_SHAPES[axes] for axes in allowed)}")
    floats: Floats = array if array.dtype == np.float64 else _converted(array)
    if finite and floats.size and not (np.isfinite(floats.min()) and np.isfinite(floats.max())):  # no mask of the size
        found = array.reshape(-1)[~np.isfinite(floats.reshape(-1))]
        told = f"{name} of {array.size} values hold {found[0]} {found.size} times"
        raise InputError(f"{told}, not finite: allowed are only finite ones")
    for number in _rounded(array, floats):
        raise InputError(f"{name} hold {number}, which float64 would round to {float(number):.17g}")
    return floats


def _converted(array: NDArray[Any]) -> Floats:
    with np.errstate(over="ignore"):  # of a longer float: the caller tells
        return np.asarray(array, dtype=np.float64)


def _plain_array(given: Any, name: str) -> NDArray[Any]:
    """What numpy makes of it, without a mask; a base array, not a subclass."""
    if type(given) is np.ndarray:  # at once: a context of warnings takes longer than a small array's step
        return given
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy's and others' word for what a conversion loses
            array = np.asanyarray(given)
        for part in (array, *_parts(given)):
            _require_plain(part, name)
    except InputError:
        raise
    except Exception as reason:  # whatever a stranger's conversion raises
        told = str(reason).splitlines() or [type(reason).__name__]
        raise InputError(f"{name} of type {type(given).__name__} is no array of numbers: {told[0]:.200}") from reason
    return np.asarray(array)


def _require_plain(part: Any, name: str) -> None:
    if isinstance(part, np.ma.MaskedArray):
        if masked := int(np.ma.getmaskarray(part).sum()):
            raise InputError(f"{name} hold {masked} masked of {part.size} values: drop or fill them first")
    elif isinstance(part, np.ndarray) and type(part) not in _PLAIN:
        raise InputError(f"{name} of type {type(part).__name__} must be a plain array, with no unit or mask of its own")
    elif type(part) is int and int(float(part)) != part:
        raise InputError(f"{name} hold {part}, which float64 would round to {float(part):.17g}")


def _parts(given: Any) -> Iterator[Any]:
    """Arrays and large integers in nested lists, which numpy would take for plain numbers."""
    if isinstance(given, list | tuple):
        for part in given:
            if isinstance(part, list | tuple):
                yield from _parts(part)
            elif isinstance(part, np.ndarray) or (type(part) is int and abs(part) > _EXACT):
                yield part


def _rounded(array: NDArray[Any], floats: Floats) -> list[Any]:
    """First number that float64 does not hold, as a list of it, or none."""
    if array.dtype.kind in "iu":
        large = array[(floats >= _EXACT) | (floats <= -_EXACT)].reshape(-1).tolist()
        return [number for number in large if int(float(number)) != number][:1]
    if array.dtype.itemsize > 8:
        return list(array[(floats != array) & ~np.isnan(array)].reshape(-1)[:1])
    return []


@kernel
def _map1(f: Formula) -> Formula:
    def loop(x: Any, constants: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = f(x[i], constants)

    return loop


@kernel
def _map2(f: Formula) -> Formula:
    def loop(u: Any, x: Any, constants: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = f(u[i], x[i], constants)

    return loop


def over_arrays(f: Formula, *arguments: ArrayLike, constants: tuple[float, ...] = ()) -> Floats:
    """Evaluate the formula `f(x, constants)` or `f(u, x, constants)` at every element, compiled.

    The arrays, one or two, are broadcast against each other; so is what is returned.
    """
    arrays = [np.asarray(a, dtype=np.float64, order="C") for a in arguments]
    if any(a.shape != arrays[0].shape for a in arrays):
        arrays = [np.asarray(a, order="C") for a in np.broadcast_arrays(*arrays)]
    out = np.empty(arrays[0].shape)
    loop = (_map1 if len(arrays) == 1 else _map2)(f)
    loop(*(a.reshape(-1) for a in arrays), constants, out.reshape(-1))
    return out


def ordered_product(matrix: Floats, x: Floats) -> Floats:
    """Return matrix x, shapes (n, k), (k, m) and (n, m), summed in the order of the columns by no library's product."""
    total = np.zeros((len(matrix), *x.shape[1:]))
    for i in range(len(matrix)):
        for j in range(len(x)):
            total[i] += matrix[i, j] * x[j]
    return total
