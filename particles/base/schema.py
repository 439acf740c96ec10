"""What descriptions on disk are checked by: types of their values, and names of files that stay inside a folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from particles.base.errors import InputError

Number = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=1)]


class Table(BaseModel):
    """A table whose values have exactly the types that it names; others may be there too."""

    model_config = ConfigDict(strict=True, extra="allow")


M = TypeVar("M", bound=Table)


def validated(kind: type[M], values: dict[str, Any]) -> M:
    """The values as a table of this kind; InputError that names the first one that is wrong."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))[:60]
        raise InputError(f"its description is that of no checkpoint: {where}: {first['msg'].lower()}") from None


def require_inside(names: Iterable[str]) -> None:
    """Refuse names of files that lie outside the folder which names them."""
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise InputError(f"its description names a file outside of it, {name[:60]!r}")
