"""Drivers that are not part of OpenSVC: the example of `examples/`, and broken ones made here."""
