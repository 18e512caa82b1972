"""Which packets could get from where to where: evaluated first, then sent in a replica of the network.

question    what is asked, and which packets that means
rules       what the chains of a node do to a packet
links       who is on a link
course      the way of a packet there and of its answer back, by tables alone
ask         the packets themselves, and what that says of the evaluation
differ      what is open or closed that was not before
text        as text, as a matrix, and as JSON
"""
