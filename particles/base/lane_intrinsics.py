"""Machine instructions for `lanes`; imported by `jit` on the first compilation, because it loads numba."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import add, mul, neg, sub, truediv
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model

from particles.base import lanes

_I32 = ir.IntType(32)
LANES = lanes.LANES


class Lanes(types.Type):  # type: ignore[misc]
    """numba's type of 16 numbers of a kind."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, vector_of(kind))


def vector_of(kind: Any) -> Any:
    """LLVM's vector for lanes of a kind."""
    element = {types.float64: ir.DoubleType(), types.float32: ir.FloatType(), types.boolean: ir.IntType(1)}
    return ir.VectorType(element.get(kind.dtype) or ir.IntType(kind.dtype.bitwidth), LANES)


def define(shim: Any, result: Callable[..., Any], generate: Callable[..., Any], *kinds: Any) -> None:
    """Give a shim its type, a function of the arguments' types (None: not ours), and its instructions.

    `generate(context, builder, signature, arguments)` writes them; `kinds` are the types that they are for.
    """

    @infer_global(shim)
    class _Template(AbstractTemplate):  # type: ignore[misc]
        prefer_literal = True

        def generic(self, arguments: Any, keywords: Any) -> Any:
            kind = result(*arguments)
            return None if kind is None else signature(kind, *arguments)

    lower_builtin(shim, *(kinds or (types.VarArg(types.Any),)))(generate)


def _vector(context: Any, row: Any) -> Any:
    return context.get_value_type(Lanes(row.dtype))


def _element(context: Any, builder: Any, kind: Any, row: Any, at: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, row).data, [at])


def _at(context: Any, builder: Any, kind: Any, row: Any, at: Any) -> Any:
    return builder.bitcast(_element(context, builder, kind, row, at), _vector(context, kind).as_pointer())


def _bytes(kind: Any) -> int:
    return int(kind.dtype.bitwidth) // 8


def named(builder: Any, name: str, arguments: Any) -> Any:
    """Call of LLVM's function of a name on vectors, which llvmlite has no method for."""
    vector = arguments[0].type
    width = 32 if isinstance(vector.element, ir.FloatType) else 64
    kind = ir.FunctionType(vector, [vector] * len(arguments))
    return builder.call(
        cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f{width}"), arguments
    )


def spread(builder: Any, value: Any) -> Any:
    vector = ir.VectorType(value.type, LANES)
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_I32, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES))


def _load(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
    row = types_.args[0]
    return builder.load(_at(context, builder, row, *arguments[:2]), align=_bytes(row))


def _loads(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
    row, (array, at, stride, _) = types_.args[0], arguments
    found = []
    for _ in range(types_.return_type.count):
        found.append(builder.load(_at(context, builder, row, array, at), align=_bytes(row)))
        at = builder.add(at, stride)
    return context.make_tuple(builder, types_.return_type, found)


def _splats(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
    first = _element(context, builder, types_.args[0], *arguments[:2])
    steps = [ir.Constant(arguments[1].type, i) for i in range(types_.return_type.count)]
    found = [spread(builder, builder.load(builder.gep(first, [step]))) for step in steps]
    return context.make_tuple(builder, types_.return_type, found)


def _zeros(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
    kind = types_.return_type
    return context.make_tuple(
        builder, kind, [ir.Constant(context.get_value_type(kind.dtype), [0.0] * LANES)] * kind.count
    )


def _store(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
    array, at, value = arguments
    builder.store(value, _at(context, builder, types_.args[0], array, at), align=_bytes(types_.args[0]))
    return context.get_dummy_value()


def _places(builder: Any, at: Any, down: Any, right: Any, columns: int, table: Any) -> Iterator[tuple[Any, Any]]:
    """Entries of a table, each with its place."""
    start = at
    for number, value in enumerate(cgutils.unpack_tuple(builder, table)):
        if number % columns == 0:
            at, start = start, builder.add(start, down)
        yield at, value
        at = builder.add(at, right)


def _store_table(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
    array, at, down, right, _, table = arguments
    row = types_.args[0]
    for place, value in _places(builder, at, down, right, types_.args[4].literal_value, table):
        builder.store(value, _at(context, builder, row, array, place), align=_bytes(row))
    return context.get_dummy_value()


def _store_totals(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
    array, at, down, _, table = arguments
    right = ir.Constant(at.type, 1)
    for place, value in _places(builder, at, down, right, types_.args[3].literal_value, table):
        builder.store(_sum(builder, value), _element(context, builder, types_.args[0], array, place))
    return context.get_dummy_value()


def _outer(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
    table, column, line = (cgutils.unpack_tuple(builder, argument) for argument in arguments)
    pairs = [(a, b) for a in column for b in line]
    found = [named(builder, "fma", (a, b, old)) for (a, b), old in zip(pairs, table, strict=True)]
    return context.make_tuple(builder, types_.return_type, found)


def _sum(builder: Any, value: Any) -> Any:
    half = LANES // 2
    while half:
        upper = ir.Constant(ir.VectorType(_I32, LANES), [(i + half) % LANES for i in range(LANES)])
        value, half = builder.fadd(value, builder.shuffle_vector(value, value, upper)), half // 2
    return builder.extract_element(value, ir.Constant(_I32, 0))


def _larger(builder: Any, values: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", *values), *values)


def _where_equal(builder: Any, values: Any) -> Any:
    a, b, c = values
    return builder.select(builder.fcmp_ordered("==", a, b), c, ir.Constant(c.type, [0.0] * LANES))


def operation(act: Callable[..., Any]) -> Callable[..., Any]:
    """Instructions of `act(builder, values)`; a single number among the arguments stands in all lanes."""

    def generate(context: Any, builder: Any, types_: Any, arguments: Any) -> Any:
        values = []
        for kind, value in zip(types_.args, arguments, strict=True):
            if not isinstance(kind, Lanes):
                value = spread(builder, context.cast(builder, value, kind, types_.return_type.dtype))
            values.append(value)
        return act(builder, values)

    return generate


def _several(count: Any, row: Any) -> Any:
    return types.UniTuple(Lanes(row.dtype), count.literal_value)


def same_kind(*kinds: Any) -> Any:
    """The one kind of lanes among the arguments, the others of which are numbers."""
    found = {kind for kind in kinds if isinstance(kind, Lanes)}
    numbers = all(isinstance(kind, Lanes | types.Number) for kind in kinds)
    return found.pop() if len(found) == 1 and numbers else None


def _by_element(of_floats: Callable[..., Any], of_integers: Callable[..., Any]) -> Callable[..., Any]:
    def act(builder: Any, values: Any) -> Any:
        return (of_integers if isinstance(values[0].type.element, ir.IntType) else of_floats)(builder, *values)

    return act


define(lanes.load, lambda row, at: Lanes(row.dtype), _load)
define(lanes.loads, lambda row, at, stride, count: _several(count, row), _loads)
define(lanes.splats, lambda row, at, count: _several(count, row), _splats)
define(lanes.zeros, lambda row, count: _several(count, row), _zeros)
define(lanes.splat, lambda value: Lanes(value), lambda context, builder, _, values: spread(builder, values[0]))
define(lanes.store, lambda row, at, value: types.none, _store)
define(lanes.store_table, lambda row, at, down, right, columns, table: types.none, _store_table)
define(lanes.store_totals, lambda row, at, down, columns, table: types.none, _store_totals)
define(lanes.outer, lambda table, column, line: table, _outer)
define(lanes.fma, same_kind, operation(lambda builder, values: named(builder, "fma", values)))
define(lanes.root, same_kind, operation(lambda builder, values: named(builder, "sqrt", values)))
define(lanes.larger, same_kind, operation(_larger))
define(lanes.where_equal, same_kind, operation(_where_equal))
define(lanes.total, lambda value: value.dtype, lambda context, builder, _, values: _sum(builder, values[0]))
BOTH = ((Lanes, Lanes), (types.Number, Lanes), (Lanes, types.Number))
for _symbol, _act in (
    (add, _by_element(ir.IRBuilder.fadd, ir.IRBuilder.add)),
    (sub, _by_element(ir.IRBuilder.fsub, ir.IRBuilder.sub)),
    (mul, _by_element(ir.IRBuilder.fmul, ir.IRBuilder.mul)),
    (truediv, lambda builder, values: builder.fdiv(*values)),
):
    for _kinds in BOTH:
        define(_symbol, same_kind, operation(_act), *_kinds)
define(neg, same_kind, lambda context, builder, _, values: builder.fneg(values[0]), Lanes)
