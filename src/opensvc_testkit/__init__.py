"""Placeholder: filled by the engineers of this distribution."""
