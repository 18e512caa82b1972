"""Which frames are one packet, in what order it travelled, and which answers which."""
