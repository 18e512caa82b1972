"""An isolated world of namespaces, its root file system, and the system calls that it does not make."""
