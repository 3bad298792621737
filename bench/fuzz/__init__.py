"""Nonsense against live servers, and what they make of it: `python -m bench.fuzz --help`.

A case (cases.py) is one connection: bytes that are sent, pauses, words that are waited for, and an end. It is drawn from the
seed and its number alone, so both bring it back; what happens between connections that are there at once is up to the machine.
Some cases begin with what is valid (samples.py, frames.py, requests.py) and are spoiled (mutations.py), some never were.
Several run at a time, by names and from addresses of their own, in sessions with each other, beside people who behave.

The run fails (findings.py) when

- an answer is a 5xx, a socket is closed as by a fault of the server, or a frame from the server is not of the protocol;
- a log has a traceback, an error, or a name, an address or a text of those who were here;
- somebody who behaves loses the socket or a message;
- at the end the server remembers anybody, counts a socket, a session or a fault of its own, keeps more files open than at the
  beginning, or much more memory than when it was warm.

For a finding it is tried which of the last cases does it to a fresh server, and how little of that case is enough (shrink.py, trial.py).
"""
