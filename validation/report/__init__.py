"""A study on the terminal and on disk, and the report of many: tables, CSV, JSON, one HTML page."""

from validation.report.files import CSV, JSON, PLOT, STUDY, to_dict, write_study
from validation.report.terminal import print_study

__all__ = ["CSV", "JSON", "PLOT", "STUDY", "print_study", "to_dict", "write_study"]
