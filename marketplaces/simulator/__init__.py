"""Both marketplaces on loopback TLS, with made-up sellers and made-up buyers.

For demonstrations, tests and measurements. It knows nothing of our adapters: what an
answer looks like stands in each adapter's `simulated.py`, after the marketplaces' own
models. `Simulator` is the way in.
"""
