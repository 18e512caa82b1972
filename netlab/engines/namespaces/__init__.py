"""The namespaces engine: containers without Docker and without root.

container, mounts, capabilities
            a container's process 1, and what it sees and may do
shim, shim_process, common_shim
            who looks after it, or after all those of a twin: streams, log, health, publication (ports,
            proxy), resolver (dns)
networks, bridges, endpoints
            networks that somebody makes, and how a container is joined to them
images, programs
            what images are known for, and the small servers that play it
store, events
            what is known of each container, and what has happened, as files on the lab host's /run
docker/     the stand-in for Docker's command line; fast_path is its exec, preloaded loads it for process 1
compose/    files of services, read
populate    containers of a pack
"""
