"""When nobody is suspected: which smallest change of the network lets the packet pass is found by trying.

atoms       what somebody has set, one thing each, and how it is taken away
templates   what may be missing, and how it is added
narrow      the smallest change that heals
"""
