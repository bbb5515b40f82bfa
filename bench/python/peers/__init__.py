"""The comparison with other packages; `bench/python/compare.py` is its command.

`workloads` draws problems, `contenders` lists who solves them, `worker` is the process in which one
contender solves one problem, `race` lets the workers run in turn, `report` writes what they took.
"""
