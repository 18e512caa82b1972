"""Lines of `docker` that both engines are to answer alike: what people type, well and badly."""

from __future__ import annotations

# What people type besides, well and badly.
WORDS = """
docker run -d --name web centos:8.1.1911 sleep 36000
docker run -d --name web centos:8.1.1911 sleep 36000
docker ps --format '{{.Names}} {{.Image}} {{.Command}} {{.Ports}}'
docker ps -q
docker inspect -f '{{.State.Running}} {{.State.Status}} {{.NetworkSettings.IPAddress}}' web
docker inspect -f '{{.HostConfig.NetworkMode}}' web
docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.MacAddress}}{{end}}' web
docker exec web sh -c 'exit 3'; echo $?
docker exec web no-such-program; echo $?
docker exec nobody true; echo $?
docker exec -d web sleep 1001; echo $?
docker run --rm centos:8.1.1911 no-such-program; echo $?
docker run --rm --network none centos:8.1.1911 sh -c 'echo out; echo err >&2; exit 7'; echo $?
docker run --rm --network host centos:8.1.1911 ip -br link show docker0
docker run --rm --cap-add NET_ADMIN centos:8.1.1911 ip link add x type bridge; echo $?
docker run --rm centos:8.1.1911 ip link add x type bridge; echo $?
docker exec web cat /etc/resolv.conf /etc/hosts
docker exec web ip route
docker rm web; echo $?
docker rm -f web
docker rm nobody; echo $?
docker stop nobody; echo $?
docker start nobody; echo $?
docker inspect nobody; echo $?
docker logs nobody; echo $?
docker network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'
docker run -d -p 8080:80 --name pub centos:8.1.1911 sleep 36000
iptables -t nat -S
iptables -S
docker ps --format '{{.Ports}}'
docker rm -f pub
iptables -t nat -S
docker network create -d macvlan --subnet 192.0.2.0/24 -o parent=eth0 street
docker network ls
docker network create -d macvlan --subnet 192.0.2.0/25 -o parent=eth0 again
docker network create -d macvlan --subnet 198.18.0.0/24 -o parent=eth0 street
docker network create -d macvlan --subnet 198.18.0.0/24 -o parent=eth9 other
docker run -d --name first --network street centos:8.1.1911 sleep 36000
docker run -d --name second --network street --ip 192.0.2.200 centos:8.1.1911 sleep 36000
docker exec first ip -br -4 addr
docker exec second ip route
docker exec second ip link show eth0
docker inspect -f '{{.NetworkSettings.IPAddress}}|{{.NetworkSettings.Networks.street.IPAddress}}' second
docker inspect -f '{{.NetworkSettings.Networks.street.MacAddress}}' second
docker run -d --name third --network street --ip 10.0.0.1 centos:8.1.1911 true; echo $?
docker rm third
docker run -d --name third --network street --ip 192.0.2.200 centos:8.1.1911 true; echo $?
docker rm third
docker network rm street; echo $?
docker rm -f first second
docker network rm street nowhere; echo $?
docker network inspect street; echo $?
"""
# What tutorials type besides.
TUTORIALS = """
docker network create shop
docker network ls
docker network inspect -f '{{json .IPAM.Config}} {{.Internal}} {{.Driver}}' shop
docker network create shop; echo $?
docker network create --internal --subnet 10.9.0.0/24 closed
docker network create --subnet 10.9.0.0/25 again; echo $?
docker network create -o com.docker.network.bridge.name=still0 still
iptables -S
iptables -t nat -S
docker run -d --name one --network shop --network-alias www centos:8.1.1911 sleep 36000
docker run --name two --network shop --ip 172.18.0.9 centos:8.1.1911 true 2>&1 | grep supported
docker rm -f two >/dev/null 2>&1
docker run -dit --name two --network shop centos:8.1.1911 sh
docker exec two getent hosts one www one.shop
docker exec two getent hosts nobody; echo $?
docker exec two ping -c 1 -W 1 one
docker network connect bridge two
docker exec two ip -o -4 addr | awk '{print $2, $4}'
docker exec two ip route
docker network connect bridge two; echo $?
docker network disconnect shop two
docker exec two ip -o -4 addr | awk '{print $2, $4}'
docker exec two ip route
docker network disconnect shop two; echo $?
docker network rm shop; echo $?
docker network connect nowhere two; echo $?
docker network connect shop nobody; echo $?
docker run -d --name pub -p 8080:80 -p 127.0.0.1:5300:53/udp -p 7000-7001:90-91 centos:8.1.1911 sleep 36000
docker port pub | sort
docker port pub 80
docker port pub 99; echo $?
iptables -t nat -S | sort
iptables -S DOCKER | sort
docker ps --format '{{.Names}}|{{.Image}}|{{.Ports}}|{{.Networks}}|{{.State}}'
docker ps -a --filter name=tw --format '{{.Names}}'
docker ps --filter odd=1; echo $?
docker ps -a --filter status=odd; echo $?
docker rename two three
docker rename three pub; echo $?
docker rename nobody x1; echo $?
docker pause three
docker exec three true; echo $?
docker unpause three
docker exec -w /usr three pwd
docker exec -e A=1 three sh -c 'echo $A'
docker run --name ended centos:8.1.1911 sh -c 'echo out; exit 4'; echo $?
docker logs ended
docker logs --tail 1 ended
docker wait ended
docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.Config.Image}} {{.Path}} {{.Args}}' ended
docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}}{{end}}' three
docker inspect -f '{{if .State.Running}}up{{else}}down{{end}} {{len .Config.Env}} {{upper .Name}}' three
docker inspect -f '{{.NetworkSettings.Ports}}' pub
docker inspect -f '{{.Config' three; echo $?
docker inspect -f '{{odd .Config}}' three; echo $?
docker cp ended:/no/such /tmp/x; echo $?
echo copied >/tmp/file; docker cp /tmp/file three:/tmp/; docker exec three cat /tmp/file
docker cp three:/tmp/file /tmp/back; cat /tmp/back
docker run --rm -v /tmp/file:/x:ro centos:8.1.1911 cat /x
docker run --rm -v rel/x:/y centos:8.1.1911 true; echo $?
docker run --rm -w relative centos:8.1.1911 true; echo $?
docker run --rm -w /new/place centos:8.1.1911 pwd
docker run --rm --entrypoint echo centos:8.1.1911 hello
docker run --rm --hostname here centos:8.1.1911 hostname
docker run --rm --mac-address 02:00:00:00:00:01 centos:8.1.1911 cat /sys/class/net/eth0/address
docker run --rm --add-host there:192.0.2.7 centos:8.1.1911 grep there /etc/hosts
docker run --rm --cap-add ODD centos:8.1.1911 true; echo $?
docker run --rm --network container:pub centos:8.1.1911 ip -o -4 addr | awk '{print $2, $4}'
docker run --rm --network container:nobody centos:8.1.1911 true 2>&1 | grep No.such
docker run --rm --network container:pub -p 1:1 centos:8.1.1911 true; echo $?
docker run --rm --network container:pub --hostname x centos:8.1.1911 true; echo $?
docker run --rm --network host -p 1:1 centos:8.1.1911 true; echo $?
docker run --rm --network container:one centos:8.1.1911 cat /etc/resolv.conf
docker run --rm --network shop --link one:uno centos:8.1.1911 ping -c 1 -W 1 uno | head -n 1
docker run --rm -e A centos:8.1.1911 true
docker inspect -f '{{.Name}}\\t{{"\\n"}}{{.State.Running}}' three
docker run --rm --restart always centos:8.1.1911 true; echo $?
docker run -p odd centos:8.1.1911 true; echo $?
docker run --odd centos:8.1.1911 true; echo $?
docker volume create data
docker volume ls
docker run --rm -v data:/d centos:8.1.1911 sh -c 'echo kept >/d/f'
docker run --rm -v data:/d centos:8.1.1911 cat /d/f
docker volume rm data nothing; echo $?
docker kill nobody; echo $?
docker top nobody; echo $?
docker attach nobody; echo $?
docker container ls -q | wc -l
docker rm -f one three pub ended
docker network rm shop closed still
iptables -S
iptables -t nat -S
ip -br link | awk '{print $1}'
"""
