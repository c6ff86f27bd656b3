"""Tests of the distribution opensvc-scsi-scu."""
