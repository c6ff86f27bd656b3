"""LVM volume groups as disk resources of OpenSVC. Empty, so that ``osvc node`` does not import what it does not use."""
