#!/bin/sh
# Makes the virtual machine ready, as root: the project, its packages, Docker's programs, JupyterLab as a service.
# Vagrant runs it at each up, reload and provision; what is done already is not done again.
set -eu

from=/netlab                    # the checkout as Vagrant brings it
home=/home/netlab/netlab        # where the learner works; what he wrote there stays
token=/home/netlab/.config/netlab/token
unit=/etc/systemd/system/netlab.service
seconds=600                     # for the page; software emulation is slow

say() { printf 'netlab: %s\n' "$*"; }
give_up() {
    printf 'netlab: %s\n  Next: %s\n' "$1" "$2" >&2
    exit 1
}
as_learner() { runuser -u netlab -- env HOME=/home/netlab "$@"; }
without_network() {
    ip route get 192.0.2.1 >/dev/null 2>&1 || why="it has no default route"
    give_up "$1; what it said is above. In this virtual machine that is most often the network${why:+: $why}." \
        "see that the machine around it is online. On Linux a Docker there, or a VPN, often stops the packets of virtual machines: systemctl stop docker, or the VPN, and try again. Without a network use the offline box (NETLAB_BOX). Then: vagrant up, or vagrant provision; it goes on where it stopped."
}

[ -f "$from/run" ] || give_up "The project is not at $from in the virtual machine." "vagrant reload"

id netlab >/dev/null 2>&1 || useradd --create-home --shell /bin/bash netlab
for kind in uid gid; do
    grep -q '^netlab:' "/etc/sub$kind" || usermod "--add-sub${kind}s" 300000-365535 netlab
done

say "Bringing the lessons and the lab."
changed=$(as_learner sh "$from/vagrant/checkout" "$from" "$home")
sh "$from/run" packages || without_network "The system's packages could not be installed"
sh "$from/.ci/install-docker" || without_network "Docker could not be installed"
as_learner "$home/run" setup || without_network "The Python environment could not be made"

if [ ! -s "$token" ]; then
    as_learner mkdir -p -m 0700 "${token%/*}"
    (umask 077 && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$token")
    chown netlab: "$token"
fi

# What a lab's Docker would load, if it were root on the machine.
printf '%s\n' bridge br_netfilter overlay >/etc/modules-load.d/netlab.conf
modprobe --all bridge br_netfilter overlay || say "These modules are not in this kernel; Docker may not start."

new=$(mktemp)
cat >"$new" <<UNIT
[Unit]
Description=netlab: JupyterLab in a lab with real Docker
After=network.target

[Service]
User=netlab
WorkingDirectory=$home
ExecStart=$home/run --engine docker jupyter --listen 0.0.0.0 --token-file $token
Restart=always
RestartSec=5
TimeoutStartSec=infinity
# The lab outlives JupyterLab.
KillMode=process

[Install]
WantedBy=multi-user.target
UNIT
if ! cmp -s "$new" "$unit"; then
    cp "$new" "$unit"
    chmod 644 "$unit"
    systemctl daemon-reload
    systemctl --quiet enable netlab.service
    changed="$changed $unit"
fi
rm "$new"
# A lab of the older edition ends with the service of the older edition.
if [ -n "$changed" ] && systemctl --quiet is-active netlab.service; then
    systemctl stop netlab.service
    as_learner "$home/run" down --all || :
fi
systemctl start netlab.service

say "Waiting for JupyterLab."
as_learner "$home/.venv/bin/python" - "$seconds" "$token" <<'PYTHON' ||
import sys, time, urllib.request

deadline = time.monotonic() + int(sys.argv[1])
request = urllib.request.Request("http://127.0.0.1:8888/lab")
request.add_header("Authorization", "token " + open(sys.argv[2]).read().strip())
while True:
    try:
        sys.exit(urllib.request.urlopen(request, timeout=60).status != 200)
    except OSError as error:
        if time.monotonic() > deadline:
            sys.exit(str(error))
    time.sleep(2)
PYTHON
    give_up "JupyterLab does not answer after $seconds seconds; its last words:
$(journalctl --no-pager --quiet --unit netlab.service --lines 15)" "vagrant provision; if that does not help, vagrant destroy and vagrant up."
