"""Burn rates, error budgets and the ledger of good and total events.

Pure maths; imports nothing of obs but the text of durations.
"""
