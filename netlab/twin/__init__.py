"""A network as a file and as a copy: of a real machine, of what was pasted, for others, and to try things.

A lab's own pack, unpack and copy are methods of netlab.lab.Lab; what goes beyond a lab is here.
"""
