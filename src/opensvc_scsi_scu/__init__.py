"""SCSI-3 persistent reservations of OpenSVC services on HP-UX, through scu."""
