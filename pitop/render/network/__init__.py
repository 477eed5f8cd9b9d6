"""How the network looks: fields of every kind of row, and the layouts of ifconfig, arp, netstat and ip."""
