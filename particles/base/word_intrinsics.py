"""Machine instructions for `words`; imported by `jit` on the first compilation, because it loads numba."""

from __future__ import annotations

from collections.abc import Callable
from operator import and_, gt, lshift, lt, or_, rshift, xor
from typing import Any

from llvmlite import ir
from numba import types

from particles.base import words
from particles.base.lane_intrinsics import BOTH, LANES, Lanes, define, named, operation, same_kind, spread, vector_of

_U64, _U32, _I32 = Lanes(types.uint64), Lanes(types.uint32), Lanes(types.int32)
_F32, _F64, _MASK = Lanes(types.float32), Lanes(types.float64), Lanes(types.boolean)
_PLACES = ir.Constant(ir.VectorType(ir.IntType(64), LANES), list(range(LANES)))


def _counting(context: Any, builder: Any, types_: Any, values: Any) -> Any:
    return builder.add(spread(builder, values[0]), _PLACES)


def _everywhere(context: Any, builder: Any, types_: Any, values: Any) -> Any:
    return spread(builder, values[0])


def _low_word(context: Any, builder: Any, types_: Any, values: Any) -> Any:
    return builder.trunc(values[0], vector_of(_U32)) if types_.args[0] == _U64 else values[0]


def _converting(**methods: Any) -> Any:
    """LLVM's conversion by the kind of its argument: `i` of int32, `u` of uint32, `f` of float32."""
    by_kind = {{"i": _I32, "u": _U32, "f": _F32}[name]: method for name, method in methods.items()}

    def generate(context: Any, builder: Any, types_: Any, values: Any) -> Any:
        return by_kind[types_.args[0]](builder, values[0], vector_of(types_.return_type))

    return generate


def _choose(context: Any, builder: Any, types_: Any, values: Any) -> Any:
    sides = [
        value
        if isinstance(kind, Lanes)
        else spread(builder, context.cast(builder, value, kind, types_.return_type.dtype))
        for kind, value in zip(types_.args[1:], values[1:], strict=True)
    ]
    return builder.select(values[0], *sides)


def _one_of(*known: Any) -> Callable[..., Any]:
    """The kind of lanes among the arguments, if it is one of these."""

    def kind(*kinds: Any) -> Any:
        found = same_kind(*kinds)
        return found if found in known else None

    return kind


def _comparing(symbol: str) -> Callable[..., Any]:
    def generate(context: Any, builder: Any, types_: Any, values: Any) -> Any:
        lanes, number = types_.args
        both = values[0], spread(builder, context.cast(builder, values[1], number, lanes.dtype))
        if lanes == _F32:
            return builder.fcmp_ordered(symbol, *both)
        return (builder.icmp_signed if lanes == _I32 else builder.icmp_unsigned)(symbol, *both)

    return generate


_BITS = ir.IRBuilder.bitcast
define(words.counting, lambda first: _U64 if isinstance(first, types.Integer) else None, _counting)
define(words.everywhere, lambda number: _U64 if isinstance(number, types.Integer) else None, _everywhere)
define(words.low_word, {_U64: _U32, _U32: _U32}.get, _low_word)
define(words.signed, {_U32: _I32}.get, _converting(u=_BITS))
define(words.unsigned, {_I32: _U32, _F32: _U32}.get, _converting(i=_BITS, f=_BITS))
define(words.float_of_bits, {_I32: _F32, _U32: _F32}.get, _converting(i=_BITS, u=_BITS))
define(words.single, {_I32: _F32, _U32: _F32}.get, _converting(i=ir.IRBuilder.sitofp, u=ir.IRBuilder.uitofp))
define(words.double, {_F32: _F64}.get, _converting(f=ir.IRBuilder.fpext))
define(words.fma32, same_kind, operation(lambda builder, values: named(builder, "fma", values)))
define(words.root32, same_kind, operation(lambda builder, values: named(builder, "sqrt", values)))
define(words.choose, lambda condition, a, b: same_kind(a, b) if condition == _MASK else None, _choose)
for _symbol, _act, _known in (
    (and_, ir.IRBuilder.and_, (_U64, _U32, _I32)),
    (or_, ir.IRBuilder.or_, (_U64, _U32)),
    (xor, ir.IRBuilder.xor, (_U64, _U32)),
    (lshift, ir.IRBuilder.shl, (_U64, _U32)),
    (rshift, ir.IRBuilder.lshr, (_U64, _U32)),  # zeros come in from above: not for numbers with a sign
):
    for _kinds in BOTH:
        define(_symbol, _one_of(*_known), operation(lambda builder, values, act=_act: act(builder, *values)), *_kinds)
for _symbol, _sign in ((gt, ">"), (lt, "<")):
    define(_symbol, lambda lanes, number: _MASK, _comparing(_sign), Lanes, types.Number)
