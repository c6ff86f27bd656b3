#!/bin/sh
# In namespaces of mounts and processes of its own, within a lab node: becomes systemd, PID 1 of that node's system.
# Units of /etc/systemd/system lie in the folder $1, and stay there from boot to boot.
set -e
units=$1
mkdir -p "$units"
mount -t proc proc /proc
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=755 dev /dev
for each in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    set -- $each
    mknod -m 666 "/dev/$1" c "$2" "$3"
done
ln -s /proc/self/fd /dev/fd
mkdir /dev/pts /dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts
ln -sf pts/ptmx /dev/ptmx
mount --bind "$units" /etc/systemd/system
ln -sf /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
# What looks after a machine's hardware, users and network has nothing to do here.
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-journal-flush.service systemd-logind.service \
    dbus.service dbus.socket getty.target systemd-tmpfiles-setup.service systemd-update-utmp.service \
    systemd-sysusers.service systemd-random-seed.service systemd-binfmt.service systemd-modules-load.service \
    systemd-sysctl.service systemd-remount-fs.service systemd-user-sessions.service networking.service; do
    ln -sf /dev/null "/etc/systemd/system/$unit"
done
: >/etc/fstab
# A container does not tell it to reach for the machine's own clock, console or power.
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --log-target=console --log-level=notice --show-status=no
