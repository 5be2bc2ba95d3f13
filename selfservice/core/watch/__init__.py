"""How the portal is watched: probes, log lines, metrics and traces.

None of it holds what a person is called: rows are named by their ids.
"""
