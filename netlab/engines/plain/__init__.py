"""A lab host on which Docker was never installed: what walkthroughs of bridges, `ip netns` and NAT assume."""
