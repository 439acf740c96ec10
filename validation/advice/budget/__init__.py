"""Budgets: the distance between particles and PDE split into its terms, each measured by an experiment of its own."""

from validation.advice.budget.measure import Settings, budget, settings_of
from validation.advice.budget.record import Budget, Term

__all__ = ["Budget", "Settings", "Term", "budget", "settings_of"]
