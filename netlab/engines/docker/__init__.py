"""The docker engine: a real dockerd in the lab host.

engine      the daemon's start, what it needs around it, and what it knows of containers
tools       where Docker's programs are, and which version that is
image       the lab's own image, made of the machine's programs
api         the daemon's HTTP interface
client      `docker` in the lab host: the real one, after two things are put right
offline     names of images where there is no registry
users       the users that such a lab has
"""
