"""Tests of the inventory: what a node is, what its services are made of, what fills up."""
