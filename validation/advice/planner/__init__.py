"""Plans: the cheapest run that meets a W1 tolerance, from measured errors and measured speeds."""

from validation.advice.planner.plan import Outcome, Plan, carry_out, cheapest

__all__ = ["Outcome", "Plan", "carry_out", "cheapest"]
