"""The network as the kernel and the DHCP clients tell it: rtnetlink, lease files, resolv.conf, /sys/class/net."""
