"""Mistakes in Grafana dashboards, whoever wrote them, found without a Grafana.

`read` parses files into dashboards, `rules` check them, `waivers` are accepted exceptions.
Nothing here contacts a server.
"""
