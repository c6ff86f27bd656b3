#!/bin/busybox sh
# Runs in the node `san` at boot: Linux's own target, by configfs. lio.sh TARGET COUNT PORTAL…
# Disk N is /dev/ubdb, /dev/ubdc, …: an image on this machine, written without a memory of the node's own between.
set -e
mount -t configfs config /sys/kernel/config
mkdir -p /var/target/pr /var/target/alua
target=$1 count=$2
shift 2
core=/sys/kernel/config/target/core
group=/sys/kernel/config/target/iscsi/$target/tpgt_1
mkdir -p "$group"
number=1
for letter in b c d e f g h i j k l m n o p; do
	[ $number -le "$count" ] || break
	disk=$core/iblock_$number/lun$number
	mkdir -p "$disk" "$group/lun/lun_$number"
	echo "udev_path=/dev/ubd$letter" >"$disk/control"
	# Two digits: the kernel makes the identity of the hexadecimal digits in it, and fills up with zeros.
	printf 'lab-lun%02d\n' $number >"$disk/wwn/vpd_unit_serial"
	echo 1 >"$disk/enable"
	ln -s "$disk" "$group/lun/lun_$number/disk"
	number=$((number + 1))
done
# Any initiator may log in and write: it is the reservations that are tested.
echo 0 >"$group/attrib/authentication"
echo 1 >"$group/attrib/generate_node_acls"
echo 1 >"$group/attrib/cache_dynamic_acls"
echo 0 >"$group/attrib/demo_mode_write_protect"
for portal in "$@"; do mkdir "$group/np/$portal:3260"; done
echo 1 >"$group/enable"
