"""The namespaces engine: containers without Docker and without root.

container   a container's namespaces, root file system, network and process 1
store       what is known of each container, as files on the lab host's /run
docker      the stand-in for Docker's command line; quick is its exec, commands its words and options
run, execute, life, listing, netverbs
            what the commands do, each imported when it is typed
show        what ps, inspect, network and images print; templates for inspect -f
ports       the rules of published ports
refused     how it says no
"""
