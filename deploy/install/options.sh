# shellcheck shell=bash
# What was asked for: on the command line, or in an earlier run (/etc/lowkey/install.conf).

ROOT="" DOMAIN="" EMAIL="" PROCESSES=2 SERVER=daphne TURN=yes REDIS=yes TLS=acme EXTERNAL_IP=""
ASK=1 START=1 RESTART=0
CHOICES=(DOMAIN EMAIL PROCESSES SERVER TURN REDIS TLS EXTERNAL_IP)

usage() { sed -nE '2,/^set/ s/^# ?//p' "$SOURCE/deploy/install.sh"; }

read_choices() {
  local arguments=("$@")
  while [ $# -gt 0 ]; do # where to look for earlier choices comes first
    [ "$1" != --root ] || ROOT=$(cd "${2:?--root needs a directory}" && pwd)
    shift
  done
  earlier_choices
  set -- ${arguments[@]+"${arguments[@]}"}
  while [ $# -gt 0 ]; do
    read_one "$@"
    shift "$TAKEN"
  done
  check_choices
}

earlier_choices() {
  local name value file=$ROOT/etc/lowkey/install.conf
  [ -r "$file" ] || return 0
  while IFS='=' read -r name value; do
    case " ${CHOICES[*]} " in *" $name "*) printf -v "$name" %s "$value" ;; esac
  done < "$file"
}

read_one() {
  TAKEN=1
  case "$1" in
    --dry-run) DRY=1 ;;
    --yes) ASK=0 ;;
    --turn) TURN=yes ;;
    --no-turn) TURN=no ;;
    --redis) REDIS=yes ;;
    --no-redis) REDIS=no ;;
    --acme) TLS=acme ;;
    --self-signed) TLS=self-signed ;;
    --restart) RESTART=1 ;;
    --no-start) START=0 ;;
    --email | --processes | --server | --external-ip | --root) read_pair "$@" ;;
    --help | -h) usage; exit 0 ;;
    -*) fail "there is no option $1; --help says which there are." ;;
    *) DOMAIN=$1 ;;
  esac
}

read_pair() {
  [ -n "${2:-}" ] || fail "$1 needs a value."
  TAKEN=2
  case "$1" in
    --email) EMAIL=$2 ;;
    --processes) PROCESSES=$2 ;;
    --server) SERVER=$2 ;;
    --external-ip) EXTERNAL_IP=$2 ;;
    --root) START=0 ;;
  esac
}

check_choices() {
  [ -n "$DOMAIN" ] || fail "which name do people type? As: deploy/install.sh chat.example"
  [[ ${#DOMAIN} -le 253 && $DOMAIN =~ ^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$ ]] ||
    fail "\"$DOMAIN\" is not a name as chat.example, in small letters (and in its xn-- form if it has others)."
  [[ $PROCESSES =~ ^[1-9][0-9]?$ ]] || fail "--processes must be a number from 1 to 99, not \"$PROCESSES\"."
  [[ $SERVER = daphne || $SERVER = uvicorn ]] || fail "--server must be daphne or uvicorn, not \"$SERVER\"."
  [[ -z $EXTERNAL_IP || $EXTERNAL_IP =~ ^[0-9a-fA-F.:/]+$ ]] || fail "--external-ip must be an address, not \"$EXTERNAL_IP\"."
  [[ -z $EMAIL || $EMAIL =~ ^[^[:space:]@]+@[^[:space:]@]+$ ]] || fail "--email must be an address, not \"$EMAIL\"."
}

write_choices() { # for the next run
  local name
  for name in "${CHOICES[@]}"; do echo "$name=${!name}"; done | put /etc/lowkey/install.conf 644
}
