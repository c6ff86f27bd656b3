"""A recording collector: real HTTP and XML-RPC, SQLite behind it, every call held against the tables of 2010."""

from opensvc_testkit.collector.certificates import Certificates, has_openssl
from opensvc_testkit.collector.faults import Fault, FaultKind
from opensvc_testkit.collector.process import RecordingCollector
from opensvc_testkit.collector.record import Call

__all__ = ["Call", "Certificates", "Fault", "FaultKind", "RecordingCollector", "has_openssl"]
