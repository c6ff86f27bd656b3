"""Volume groups of HP-UX LVM. Empty, and imports nothing of the LVM of Linux, which does not import it either."""
