"""Benchmarks: each measured beside its base, in the same run on the same machine."""
