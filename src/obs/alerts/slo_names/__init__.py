"""SLOs under the names that rules of other tools record, so that dashboards made for them go on.

A module is a tool: its names, and each as an expression over what the collector exports or obs'
own rules record. `tools` lists them and makes the groups.
"""
