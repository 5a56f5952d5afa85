"""The kinds of source: how each is polled, judged, shown, priced and routed.

A room a kind, and the kinds know nothing of each other; `kind` says what each answers, `kinds`
finds them by the list in `obs.spec.sources`. A source knows no sink, and nothing of the collector.
"""
