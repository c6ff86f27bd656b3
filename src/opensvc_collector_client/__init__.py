"""Reports what a node does and is to an OpenSVC collector; from the journal, so that nothing is lost or waited for."""
