"""What PRISM costs, measured: `python3 run.py bench`. Not part of the test run."""
