"""What is measured, and how: `python -m bench --help`.

A server under test (servers.py) and the load generator (load.py) are processes of their own; this package's `__main__`
starts both, takes turns between servers in every round, since a machine's speed drifts, and puts the figures side by side
(report.py). Absolute times belong to one machine and one hour; the ratios of one round are what to look at.

- CPU a message is the server's own user and system time over a saturated run, divided by the messages it relayed.
  The generator stays awake meanwhile: on loopback, a server that writes to a reader asleep pays for waking it.
- Round trips are timed on the generator's one clock, from a caller's offer to the answer of the one it called, at a fixed
  rate far below saturation: under saturation they would only say how many messages are under way.
- Memory is what is resident when it has stopped changing, less what was before the connections came.
- Every message is checked: it comes once, in order, as it was sent, with the sender that the server had to stamp.
"""
