"""docker compose in the namespaces engine: a file of services becomes networks and containers.

yaml        the part of YAML that such files are written in
reader      the file as a Project: a closed schema; what it does not know it names with its line
project     what a Project is
plan        the words of `docker run` that each service comes to
"""
