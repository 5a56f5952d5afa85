"""Mistakes in Grafana dashboards, ours or others', found without a Grafana.

`read` parses files into dashboards, `rules` check them, `waivers` are accepted exceptions.
Nothing here contacts a server.
"""
