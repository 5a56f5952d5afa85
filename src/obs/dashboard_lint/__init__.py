"""What is wrong with Grafana dashboards, ours or anybody's, found without a Grafana.

`read` turns files into dashboards, `rules` judge them, `waivers` say what is meant to be so.
Nothing here asks a server.
"""
