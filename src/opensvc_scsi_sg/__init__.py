"""SCSI-3 persistent reservations on Linux: the backends ``sg_persist`` and ``mpathpersist``."""

from opensvc_scsi_sg.mpathpersist import MpathPersist
from opensvc_scsi_sg.sg_persist import SgPersist

__all__ = ["MpathPersist", "SgPersist"]
