"""Rounds with faults: real agents, the real client and the recording collector; every action arrives, in order."""
