"""Mixed life on real servers, with faults, and a ledger of all that was said: `python -m bench.soak --help`.

People (people.py) come, prove their names, call, relay, decline, leave, go without a word and come back; nuisances
(nuisances.py) do what nobody should; faults.py kills and pauses what they rest on. The run fails when

- a relayed message is lost, comes twice, out of order, changed, to the wrong person or from the wrong one (ledger.py):
  one that the server answered with an error, or whose sender or receiver lost its socket meanwhile, is not lost;
- a request is refused without a reason that the ledger knows of, or a socket is closed without one;
- somebody is away for too long after a fault;
- the server remembers anything when all have left, keeps more memory than it should, or logs what it should not.

People keep the real limits of the server, each from an address of their own. What they do is drawn from a seed; when
things happen is up to the machine, so a seed brings back the same life, not the same interleaving. The servers run
application.py, which is the site with shorter leases and a window to look in.
"""
