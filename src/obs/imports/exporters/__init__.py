"""Configurations of exporters as sources of ours.

A module is an exporter: what it can be told, in a table, and what each of it becomes. Line by line
it is told what has no counterpart. The pages about migration are made of the same tables.
"""
