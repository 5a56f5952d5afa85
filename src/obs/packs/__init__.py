"""Packs: metrics, alerts with runbooks, pages and checks of one kind of service each.

Each folder is a pack and its name the pack's. It declares; nothing in it computes or asks.
"""
