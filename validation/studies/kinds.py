"""The kinds of studies, in the order of the command line and of the report."""

from __future__ import annotations

from validation.studies.control import ControlStudy
from validation.studies.grazing import GrazingStudy
from validation.studies.grid import GridStudy
from validation.studies.kind import Kind
from validation.studies.layers import LayersStudy
from validation.studies.mean_field import MeanFieldStudy
from validation.studies.sensitivity import SensitivityStudy

KINDS: tuple[type[Kind], ...] = (MeanFieldStudy, LayersStudy, GridStudy, GrazingStudy, SensitivityStudy, ControlStudy)
