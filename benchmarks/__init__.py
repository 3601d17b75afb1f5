"""LLM Hub measured against a bare pass-through and against other gateways. See docs/benchmarks.md.

python -m benchmarks           the comparison
python -m benchmarks.memory    what the hub holds after many calls
python -m benchmarks.crash     kill -9 under load: is every answered call on disk?
"""
