# ip: what a host of the simulation has in iproute2's place, for one tunnel and what asks for it. It starts no process:
# a thousand hosts share one machine, and what is to be measured is the other end. A host's state is a file in the
# folder on its PATH that is called simulated-host-N. It need not be the first: bash may read a .bashrc before anything.

# answer WORD…: one command, without the options before it; $json says in which form it answers.
answer() {
  local file object=$1 verb=$2 key word shown
  local name local remote ttl tos pmtudisc up alias addresses
  shift 2
  [[ :$PATH: =~ :([^:]*/simulated-host-[0-9]+): ]] || { echo 'which host is this?' >&2 && return 1; }
  file=${BASH_REMATCH[1]}/tunnel
  [[ ! -e $file ]] || IFS='|' read -r name local remote ttl tos pmtudisc up alias addresses <"$file"
  case "$object $verb" in
    'link show' | 'address show')
      [[ $1 != dev ]] || shown=$2
      if [[ -n $shown && $shown != lo && $shown != "$name" ]]; then
        echo "Device \"$shown\" does not exist." >&2
        return 1
      fi
      list
      return
      ;;
    'route show' | 'neigh show' | 'netns list')
      [[ -z $json ]] || echo '[ ]'
      return
      ;;
    'link add')
      [[ -z $name ]] || { echo 'RTNETLINK answers: File exists' >&2 && return 2; }
      up=no
      ;;
    'link delete')
      : >"$file"
      return
      ;;
    'address add')
      addresses=${addresses:+$addresses }$1
      ;;
    'link change' | 'link set') ;;
    *)
      echo "Object \"$object\" is unknown, try \"ip help\"." >&2
      return 1
      ;;
  esac
  while [[ $# -gt 0 ]]; do
    key=$1 word=${2-}
    shift
    case $key in
      name | local | remote | ttl | tos | alias) printf -v "$key" %s "$word" && shift ;;
      pmtudisc) pmtudisc=true ;;
      nopmtudisc) pmtudisc=false ;;
      up) up=yes ;;
      down) up=no ;;
    esac
  done
  [[ $ttl != inherit ]] || ttl=0
  echo "$name|$local|$remote|$ttl|$tos|$pmtudisc|$up|$alias|$addresses" >"$file"
}

# list: the devices, all or the one that is $shown, as `ip` prints them.
list() {
  local all= flags='"POINTOPOINT","NOARP"' infos= one prefix family
  if [[ -z $json ]]; then
    echo 'lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP>'
    return
  fi
  if [[ -z $shown || $shown == lo ]]; then
    all='{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"link_type":"loopback"'
    [[ $object == link ]] || all+=',"addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"host"}]'
    all+='}'
  fi
  if [[ -n $name && ( -z $shown || $shown == "$name" ) ]]; then
    [[ $up == no ]] || flags+=',"UP","LOWER_UP"'
    for one in $addresses; do
      prefix=${one#*/} one=${one%/*} family=inet
      [[ $one != *:* ]] || family=inet6
      infos+="${infos:+,}{\"family\":\"$family\",\"local\":\"$one\",\"prefixlen\":$prefix,\"scope\":\"global\"}"
    done
    all+="${all:+,}{\"ifindex\":2,\"link\":null,\"ifname\":\"$name\",\"flags\":[$flags],\"mtu\":1480,\"link_type\":\"ipip\""
    all+="${alias:+,\"ifalias\":\"$alias\"},\"linkinfo\":{\"info_kind\":\"ipip\",\"info_data\":{\"proto\":\"ipip\""
    all+=",\"remote\":\"$remote\",\"local\":\"$local\",\"ttl\":$ttl,\"pmtudisc\":$pmtudisc}}"
    [[ $object == link ]] || all+=",\"addr_info\":[$infos]"
    all+='}'
  fi
  echo "[$all]"
}

ip() {
  local json= batch= line= number=0 code
  while [[ $1 == -* ]]; do
    case $1 in
      -json) json=yes ;;
      -batch) batch=yes && shift ;;
    esac
    shift
  done
  if [[ -z $batch ]]; then
    answer "$@"
    return
  fi
  while IFS= read -r line; do
    number=$((number + 1))
    answer $line
    code=$?
    [[ $code -eq 0 ]] || { echo "Command failed -:$number" >&2 && return "$code"; }
  done
}
