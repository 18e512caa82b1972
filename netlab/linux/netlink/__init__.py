"""netlink(7): messages, sockets, and what the kernel answers and notifies."""
