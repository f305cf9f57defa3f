"""Tests of the nodes; those below inside/ run in a process of their own, started by test_inside.py."""

collect_ignore = ["inside"]
