"""SCSI-3 persistent reservations of OpenSVC services on HP-UX, through scu."""

from opensvc_scsi_scu.scu import Scu

__all__ = ["Scu"]
