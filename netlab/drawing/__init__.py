"""Figures of topologies, timelines and measurements. Nothing here touches a kernel."""
