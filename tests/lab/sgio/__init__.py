"""SCSI-3 reservations without SCSI: unmodified tools, a real target, and nothing of this machine's kernel between."""
