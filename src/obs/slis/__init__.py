"""How good and total events are measured: one module an SLI kind, named as the spec names it.

What the modules share is here too. The kinds themselves are the fields of `obs.spec.slis.Sli`;
formulas over counts belong in `obs.slo`, and ledgers and polls in `obs.collector`.
"""
