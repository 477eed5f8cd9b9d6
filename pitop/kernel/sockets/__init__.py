"""Sockets as the kernel tells of them: sock_diag, /proc/net, who has them open, and how to close them."""
