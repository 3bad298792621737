"""Real packets: network namespaces for hosts, with routers, NATs, a TURN server, loss, delay and cut cables between them.

Run by `make test-net`. Where the machine gives no namespaces, the tests say that they were skipped, and why.
"""
