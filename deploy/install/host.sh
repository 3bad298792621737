# shellcheck shell=bash
# The host: what it must be, the packages, the groups.

check_host() {
  local id="" VERSION_ID=""
  [ "$(id -u)" = 0 ] || [ "$DRY" = 1 ] || fail "it must be run as root: sudo deploy/install.sh …"
  # shellcheck disable=SC1091
  [ ! -r /etc/os-release ] || id=$(. /etc/os-release; echo "$ID ${VERSION_ID:-}")
  case "$id" in
    "debian 12") ;;
    debian\ *) [ "$DRY" = 1 ] || fail "it knows Debian 12, and this is ${id/debian/Debian}. docs/operations.md has each step by hand." ;;
    *) fail "it knows Debian 12, and this is another system (${id:-unknown}). docs/operations.md has each step by hand." ;;
  esac
  for path in manage.py requirements-server.txt static/built; do
    [ -e "$SOURCE/$path" ] || fail "$SOURCE is not all of lowkey: $path is missing."
  done
  [ "$TLS" = self-signed ] || [ -n "$ROOT" ] || check_name
}

check_name() { # Let's Encrypt asks this host for a proof, by its name
  local addresses address
  addresses=$(getent ahosts "$DOMAIN" | cut -d' ' -f1 | sort -u) ||
    fail "$DOMAIN has no address. Let it lead to this host first (an A record, and AAAA for IPv6); it can take an hour until that is known everywhere."
  for address in $addresses; do
    [[ " $(hostname -I) $EXTERNAL_IP " != *" $address "* ]] || return 0
  done
  note "$DOMAIN leads to ${addresses//$'\n'/, }, which is no address of this host itself. That is right where it is behind a NAT."
}

packages() {
  echo python3 python3-venv nginx libnginx-mod-http-brotli-static openssl curl ca-certificates
  [ "$REDIS" = no ] || echo redis-server
  [ "$TURN" = no ] || echo coturn
  [ "$TLS" = self-signed ] || echo certbot
}

install_packages() {
  local missing=() package
  [ -z "$ROOT" ] || return 0
  step "Packages"
  for package in $(packages); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
  done
  [ "${#missing[@]}" != 0 ] || return 0
  for package in "${missing[@]}"; do stay_off "$package"; done
  run apt-get update -q
  run env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

stay_off() { # Debian starts an instance of its own of what it installs; lowkey has its own, and needs no other
  case "$1" in redis-server | coturn) link /dev/null "/etc/systemd/system/$1.service" ;; esac
}

make_groups() {
  local group
  [ -z "$ROOT" ] || return 0
  step "Groups"
  for group in lowkey-redis lowkey-turn; do
    getent group "$group" > /dev/null || run groupadd --system "$group"
  done
}
