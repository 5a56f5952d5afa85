"""Families of other exporters' names, so that dashboards made for them go on beside ours.

A module is an exporter: its names, labels and the value of each in tables. What is asked of the
systems, and when, is not decided here.
"""
