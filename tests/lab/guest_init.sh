#!/bin/sh
# /init of the lab's Linux guest: busybox, a static address, dropbear, the ACPI power button, perhaps QEMU's guest agent.
export PATH=/sbin:/bin:/usr/sbin:/usr/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
for module in $(cat /modules/order); do insmod "/modules/$module.ko"; done
for word in $(cat /proc/cmdline); do
  case $word in
    guest.name=*) hostname "${word#guest.name=}" ;;
    guest.address=*) address=${word#guest.address=} ;;
    guest.hostkey=*) hostkey=${word#guest.hostkey=} ;;
    guest.stubborn) stubborn=yes ;;
  esac
done
ip link set lo up
if [ -n "$address" ]; then
  # Address first, link second: then the kernel tells all neighbours, who may know another guest by this address.
  echo 1 >/proc/sys/net/ipv4/conf/all/arp_notify
  ip addr add "$address" dev eth0
  ip link set eth0 up
fi
dropbear -s -r "/etc/dropbear/hostkey$hostkey"
if [ -x /usr/sbin/qemu-ga ]; then
  for port in /sys/class/virtio-ports/*; do
    [ "$(cat "$port/name")" = org.qemu.guest_agent.0 ] &&
      qemu-ga --daemonize --method virtio-serial --path "/dev/${port##*/}" --statedir /run --pidfile /run/qemu-ga.pid
  done
fi
echo "BOOTED $(cut -d' ' -f1 /proc/uptime)"
[ -n "$stubborn" ] && while :; do sleep 3600; done
exec acpid -d -c /etc/acpi -l /dev/console -p /run/acpid.pid
