"""KVM guests as container resources of OpenSVC, through libvirt's ``virsh``."""

from opensvc_drivers_kvm.driver import KvmContainer

__all__ = ["KvmContainer"]
