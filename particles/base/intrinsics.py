"""Machine instructions for the shims; imported by `jit` on the first compilation, because it loads numba."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from particles.base import shims

_I64, _F64 = ir.IntType(64), ir.DoubleType()
_UNARY = types.float64(types.float64)

INLINED: dict[str, Any] = {"forceinline": True, "no_cfunc_wrapper": True}
"""How formulas are compiled: see the policy of `jit`."""


@intrinsic  # type: ignore[untyped-decorator]
def _fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _sqrt(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [_F64]), arguments)

    return _UNARY, generate


@intrinsic  # type: ignore[untyped-decorator]
def _pow2(typing_context: Any, n: Any) -> Any:
    """Add 1.5 * 2**52 + 1023: the low bits of the sum hold the biased exponent; shift them into place."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        shifted = builder.fadd(arguments[0], ir.Constant(_F64, 6755399441055744.0 + 1023.0))
        return builder.bitcast(builder.shl(builder.bitcast(shifted, _I64), ir.Constant(_I64, 52)), _F64)

    return _UNARY, generate


@intrinsic  # type: ignore[untyped-decorator]
def _exponent(typing_context: Any, x: Any) -> Any:
    """Put the biased exponent into the low bits of 2**52 and subtract: no integer-to-float instruction needed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        biased = builder.lshr(builder.bitcast(arguments[0], _I64), ir.Constant(_I64, 52))
        as_float = builder.bitcast(builder.or_(biased, ir.Constant(_I64, 0x4330000000000000)), _F64)
        return builder.fsub(as_float, ir.Constant(_F64, 4503599627370496.0 + 1023.0))

    return _UNARY, generate


@intrinsic  # type: ignore[untyped-decorator]
def _significand(typing_context: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        fraction = builder.and_(builder.bitcast(arguments[0], _I64), ir.Constant(_I64, 0xFFFFFFFFFFFFF))
        return builder.bitcast(builder.or_(fraction, ir.Constant(_I64, 0x3FF0000000000000)), _F64)

    return _UNARY, generate


# numba compares the parameters of an overload with those of its implementation, annotations included: hence none.


@overload(shims.fma, jit_options=INLINED)
def _overload_fma(a, b, c):  # type: ignore[no-untyped-def]
    return lambda a, b, c: _fma(float(a), float(b), float(c))


@overload(shims.sqrt, jit_options=INLINED)
def _overload_sqrt(x):  # type: ignore[no-untyped-def]
    return lambda x: _sqrt(float(x))


@overload(shims.pow2, jit_options=INLINED)
def _overload_pow2(n):  # type: ignore[no-untyped-def]
    return lambda n: _pow2(n)


@overload(shims.exponent, jit_options=INLINED)
def _overload_exponent(x):  # type: ignore[no-untyped-def]
    return lambda x: _exponent(x)


@overload(shims.significand, jit_options=INLINED)
def _overload_significand(x):  # type: ignore[no-untyped-def]
    return lambda x: _significand(x)
