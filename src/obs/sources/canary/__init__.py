"""Canaries: marked events that are published on a path and measured when they arrive.

`path` is what each kind of path answers, `nats_path` and `eventbridge_path` are the two there are.
"""
