#!/bin/busybox sh
# Boots a lab node under User-Mode Linux, as its first process, on this machine's root seen through hostfs, read-only.
# The kernel is told lab.boot=FILE, the node's settings (specification.py). A fork costs more here than all the rest:
# this shell's own commands are used wherever they serve.
#
# First stage: an overlay of the node's disk over this machine's root becomes the root. Never with switch_root, which
# deletes what it leaves: that is this machine's root.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
fail() { echo "LAB-FAILED $*"; poweroff -f; }

if [ "$1" != second ]; then
	# This shell finds its own commands through /proc, and in hostfs that is the machine's: there it finds this kernel.
	/bin/mount -t proc proc /proc
	read -r line </proc/cmdline
	for word in $line; do case $word in lab.boot=*) settings=${word#*=} ;; esac; done
	. "$settings" || fail settings
	insmod "$MODULES/kernel/fs/overlayfs/overlay.ko" || fail overlay.ko
	mount -t ext4 -o noinit_itable,noatime /dev/ubda /mnt || fail disk
	mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work,xino=off lab /mnt/root || fail overlay
	cd /mnt/root && mount --move /proc proc && /sbin/pivot_root . mnt || fail pivot
	# The settings lie on this machine, out of sight in a moment.
	mount -t tmpfs -o mode=755 run /run && cat "/mnt$settings" >/run/lab-settings || fail run
	exec chroot . /bin/busybox sh "/mnt$0" second </dev/console >/dev/console 2>&1
fi

# Second stage: what a small Linux boots.
. /run/lab-settings
: >/etc/ld.so.preload
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs -o mode=1777 tmp /tmp
mkdir -p /run/sshd /run/lock/lvm /run/lock/iscsi /run/lvm "$FOLDER" "/lib/modules/${MODULES##*/}"
mount -t hostfs -o "$FOLDER" lab "$FOLDER"
echo "$FOLDER/prefault.so" >/etc/ld.so.preload
for path in $CODE; do
	mkdir -p "$path"
	mount -t hostfs -o "ro,$path" code "$path"
done
mount --bind "$MODULES" "/lib/modules/${MODULES##*/}"
umount -l /mnt
mount -t cgroup2 cgroup /sys/fs/cgroup
hostname "$NODE"
echo >/proc/sys/kernel/hotplug
ulimit -c 0
modprobe -a $LOAD
ip link set lo up
number=0
for each in $CARDS; do
	ip link set "vec$number" name "${each%%=*}"
	ip address add "${each#*=}" dev "${each%%=*}"
	ip link set "${each%%=*}" up
	number=$((number + 1))
done
[ -z "$SETUP" ] || $SETUP || fail setup
/usr/sbin/sshd -f /etc/ssh/lab_sshd || fail sshd
if [ -n "$PORTALS" ]; then
	iscsid -c /etc/iscsi/iscsid.conf -p /run/iscsid.pid || fail iscsid
	# One after the other, in the same order every time: the target knows an initiator's port by it.
	for portal in $PORTALS; do iscsiadm -m node -T "$TARGET" -p "$portal" --login >/dev/null || fail login; done
	tries=500
	while set -- /sys/block/sd*; [ $# -lt "$DISKS" ] || [ ! -e "$1" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "disks: $*"
		usleep 20000
	done
fi
sync
exec "$FOLDER/nodectl" "${CONTROL%:*}" "${CONTROL#*:}"
