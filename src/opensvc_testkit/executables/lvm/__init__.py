"""Simulated LVM2 of Linux: 2.03.16, whose words, columns and exit statuses were captured (``tests/fixtures/lvm``)."""
