#!/bin/sh
# Makes the virtual machine ready, as root: the project, its packages, Docker's programs, JupyterLab as a service.
# Vagrant runs it at each up, reload and provision; what is done already is not done again.
set -eu

from=/netlab                    # the checkout as Vagrant brings it
home=/home/netlab/netlab        # where the learner works; what he wrote there stays
token=/home/netlab/.config/netlab/token
unit=/etc/systemd/system/netlab.service
seconds=600                     # for the page; software emulation is slow

# A text in English and in Chinese: the one that NETLAB_LANG asks for.
words() { [ "${NETLAB_LANG:-}" = zh ] && printf %s "$2" || printf %s "$1"; }
say() { printf 'netlab: %s\n' "$(words "$@")"; }
# What went wrong, then what to do next; each in English and in Chinese.
give_up() {
    printf 'netlab: %s\n  %s%s\n' "$(words "$1" "$2")" "$(words 'Next: ' '下一步：')" "$(words "$3" "$4")" >&2
    exit 1
}
as_learner() { runuser -u netlab -- env HOME=/home/netlab "$@"; }
without_network() {
    no_route='' zh_no_route=''
    ip route get 192.0.2.1 >/dev/null 2>&1 || { no_route=': it has no default route' && zh_no_route='：没有默认路由'; }
    give_up "$1; what it said is above. In this virtual machine that is most often the network$no_route." \
        "$2；它说了什么，见上面。在这台虚拟机里多半是网络的问题$zh_no_route。" \
        "see that the machine around it is online. On Linux a Docker there, or a VPN, often stops the packets of virtual machines: systemctl stop docker, or the VPN, and try again. Without a network use the offline box (NETLAB_BOX). Then: vagrant up, or vagrant provision; it goes on where it stopped." \
        "看看外面的那台机器能不能上网。在 Linux 上，那里的 Docker 或 VPN 常常会拦下虚拟机的数据包：systemctl stop docker，或者关掉 VPN，再试一次。没有网络就用离线 box（NETLAB_BOX）。然后：vagrant up 或 vagrant provision，它会从停下的地方接着做。"
}

[ -f "$from/run" ] || give_up "The project is not at $from in the virtual machine." \
    "虚拟机里 $from 处没有这个项目。" "vagrant reload" "vagrant reload"

id netlab >/dev/null 2>&1 || useradd --create-home --shell /bin/bash netlab
for kind in uid gid; do
    grep -q '^netlab:' "/etc/sub$kind" || usermod "--add-sub${kind}s" 300000-365535 netlab
done

say "Bringing the lessons and the lab." "正在带来课程和实验环境。"
changed=$(as_learner sh "$from/vagrant/checkout" "$from" "$home")
sh "$from/run" packages || without_network "The system's packages could not be installed" "系统软件包没能装上"
sh "$from/.ci/install-docker" || without_network "Docker could not be installed" "Docker 没能装上"
as_learner "$home/run" setup || without_network "The Python environment could not be made" "Python 环境没能建好"

if [ ! -s "$token" ]; then
    as_learner mkdir -p -m 0700 "${token%/*}"
    (umask 077 && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$token")
    chown netlab: "$token"
fi

# What a lab's Docker would load, if it were root on the machine.
printf '%s\n' bridge br_netfilter overlay >/etc/modules-load.d/netlab.conf
modprobe --all bridge br_netfilter overlay || say "These modules are not in this kernel; Docker may not start." "这个内核没有这些模块，Docker 可能启动不了。"

# Without a wish the notebooks speak the language that each is written in.
language=''
[ "${NETLAB_LANG:-}" != zh ] || language=zh
new=$(mktemp)
cat >"$new" <<UNIT
[Unit]
Description=netlab: JupyterLab in a lab with real Docker
After=network.target

[Service]
User=netlab
WorkingDirectory=$home
ExecStart=$home/run --engine docker${language:+ --lang $language} jupyter --listen 0.0.0.0 --token-file $token
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

say "Waiting for JupyterLab." "正在等待 JupyterLab。"
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
    {
        last=$(journalctl --no-pager --quiet --unit netlab.service --lines 15)
        give_up "JupyterLab does not answer after $seconds seconds; its last words:
$last" "JupyterLab 过了 $seconds 秒还没有应答；它最后说的是：
$last" "vagrant provision; if that does not help, vagrant destroy and vagrant up." \
            "vagrant provision；如果不管用，就 vagrant destroy，再 vagrant up。"
    }
