"""Programs that walkthroughs type and this machine may not have, for the root file systems of a lab.

busybox has most of them. brctl and nc it has only in part, so those are shell scripts that say the same with
`ip`, bash and busybox. A machine's own program is always preferred.
"""

from __future__ import annotations

import shutil
from functools import cache

APPLETS = (
    *("arp", "arping", "ifconfig", "ipcalc", "netstat", "nslookup", "route", "telnet", "traceroute"),
    *("traceroute6", "tunctl", "vconfig"),
)
# Not /usr/local/sbin: there the stand-ins themselves lie, for whoever asks in a lab.
PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

BRCTL = r"""#!/bin/bash
# The lab's stand-in for bridge-utils: the same with ip(8).
say() { echo "$*" >&2; exit 1; }
usage() { say "usage: brctl addbr|delbr|addif|delif|show|showmacs|stp|setfd|setageing [BRIDGE [VALUE…]]"; }
option() { exec ip link set dev "$1" type bridge "$2" "$3"; }
show() {
    local bridge=$1 id stp ports port
    read -r id <"/sys/class/net/$bridge/bridge/bridge_id"
    read -r stp <"/sys/class/net/$bridge/bridge/stp_state"
    ports=$(ls "/sys/class/net/$bridge/brif")
    [ "$stp" = 0 ] && stp=no || stp=yes
    printf '%s\t\t%s\t%s\t\t%s\n' "$bridge" "$id" "$stp" "${ports%%$'\n'*}"
    for port in $(tail -n +2 <<<"$ports"); do printf '\t\t\t\t\t\t\t%s\n' "$port"; done
}
[ $# -gt 0 ] || usage
verb=$1 bridge=${2-}
case $verb in show) ;; *) [ "$bridge" ] || usage ;; esac
case $verb in
addbr) exec ip link add name "$bridge" type bridge ;;
delbr)
    [ -d "/sys/class/net/$bridge/bridge" ] || say "bridge $bridge doesn't exist; can't delete it"
    case $(ip -br link show "$bridge") in *[,\<]UP*) say "bridge $bridge is still up; can't delete it" ;; esac
    exec ip link del dev "$bridge" ;;
addif|delif)
    [ $# -gt 2 ] || usage
    for port in "${@:3}"; do
        if [ $verb = addif ]; then where="master $bridge"; else where=nomaster; fi
        ip link set dev "$port" $where || exit
    done ;;
show)
    printf 'bridge name\tbridge id\t\tSTP enabled\tinterfaces\n'
    shift
    for bridge in "${@:-/sys/class/net/*/bridge}"; do
        for one in $bridge; do one=${one%/bridge} one=${one##*/}
            [ ! -d "/sys/class/net/$one/bridge" ] || show "$one"
        done
    done ;;
showmacs) exec bridge fdb show br "$bridge" ;;
stp)
    case ${3-} in
    on|yes|1) option "$bridge" stp_state 1 ;;
    off|no|0) option "$bridge" stp_state 0 ;;
    *) usage ;;
    esac ;;
setfd) option "$bridge" forward_delay "$((${3:-15} * 100))" ;;
setageing) option "$bridge" ageing_time "$((${3:-300} * 100))" ;;
*) usage ;;
esac
"""

NC = r"""#!/bin/bash
# The lab's stand-in for netcat: connections by busybox, a look at a port (-z) and datagrams (-u) by bash.
listen= keep= udp= zero= loud= port= wait=
say() { [ -z "$loud" ] || echo "$*" >&2; }
while getopts 46lkuzvnNp:w:q:s: letter; do
    case $letter in
    l) listen=yes ;; k) keep=yes ;; u) udp=yes ;; z) zero=yes ;; v) loud=yes ;;
    p) port=$OPTARG ;; w) wait=$OPTARG ;; [46nNqs]) ;;
    *) echo "usage: nc [-lkuzvn] [-w SECONDS] [-p PORT] [HOST] PORT" >&2; exit 1 ;;
    esac
done
shift $((OPTIND - 1))
if [ "$listen" ]; then
    port=${port:-${2:-$1}}
    say "Listening on 0.0.0.0 $port"
    if [ "$udp" ]; then
        exec python3 -u -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", int(sys.argv[1])))
while True: sys.stdout.write(s.recv(65536).decode(errors="replace"))' "$port"
    fi
    while busybox nc -l -p "$port" && [ "$keep" ]; do :; done
    exit
fi
[ $# -eq 2 ] || { echo "usage: nc [-lkuzvn] [-w SECONDS] [-p PORT] [HOST] PORT" >&2; exit 1; }
if [ "$zero" ]; then
    status=0
    for one in $(seq "${2%-*}" "${2#*-}"); do
        if said=$(timeout "${wait:-5}" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$one" 2>&1); then
            say "Connection to $1 $one port [tcp/*] succeeded!"
        else
            said=${said##*: }
            say "nc: connect to $1 port $one (tcp) failed: ${said:-Connection timed out}"; status=1
        fi
    done
    exit $status
fi
if [ "$udp" ]; then
    exec 3<>"/dev/udp/$1/$2" || exit
    cat <&3 & cat >&3
    sleep "${wait:-1}"; kill $! 2>/dev/null; exit 0
fi
exec busybox nc ${wait:+-w "$wait"} "$1" "$2"
"""


@cache
def programs() -> dict[str, str]:
    """Scripts by name for /usr/local/sbin: what walkthroughs type, and none where the machine has its own."""
    found = {name: f'#!/bin/sh\nexec busybox {name} "$@"\n' for name in APPLETS}
    found |= {"brctl": BRCTL, "nc": NC, "netcat": NC}
    return {name: text for name, text in found.items() if not shutil.which(name, path=PATH)}
