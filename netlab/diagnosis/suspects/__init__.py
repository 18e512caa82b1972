"""Who may have dropped a packet: each is asked, and says that it was or was not."""
