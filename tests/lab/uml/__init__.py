"""Nodes with kernels of their own: real device-mapper, real SCSI disks shared over iSCSI, real power cuts."""
