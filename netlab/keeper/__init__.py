"""The lab's server: its process, its doors and protocol, and one module for each operation it serves."""
