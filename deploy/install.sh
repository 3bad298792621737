#!/usr/bin/env bash
# Installs lowkey on this host, or upgrades it: on Debian 12, as root.
#
#   deploy/install.sh chat.example --email you@example.org    the first time
#   git pull && deploy/install.sh                             an upgrade, with what was chosen before
#
#   --dry-run        say what would be done, and do nothing
#   --yes            do not ask before doing it
#   --email ADDRESS  for the account at Let's Encrypt
#   --processes N    how many processes serve (2): with two or more an upgrade interrupts nobody
#   --server NAME    daphne, or uvicorn, which takes less processor time (daphne)
#   --no-turn        no STUN and TURN server on this host; --turn for one (that is the default)
#   --no-redis       the processes' Redis is on another host (deploy/remote-redis.conf); --redis for one here, as is the default
#   --external-ip A  the address that the world sees, where this host is behind a NAT; for TURN
#   --self-signed    a certificate that no browser trusts, instead of Let's Encrypt; --acme for Let's Encrypt again
#   --restart        restart the processes, one after another, even where nothing has changed
#   --no-start       put everything in place and leave what runs alone
#   --root DIR       put everything below DIR, which is taken for a host: installs no packages and starts nothing
#
# It may be run again at any time: what is as it should be stays untouched. It never replaces a secret, nor lowkey.env, nor any
# other file that was edited by hand: then it writes the new one beside it, as FILE.new, and says so.
set -euo pipefail
umask 022

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source-path=SCRIPTDIR
. "$SOURCE/deploy/install/show.sh"
. "$SOURCE/deploy/install/options.sh"
. "$SOURCE/deploy/install/host.sh"
. "$SOURCE/deploy/install/config.sh"
. "$SOURCE/deploy/install/release.sh"
. "$SOURCE/deploy/install/tls.sh"
. "$SOURCE/deploy/install/processes.sh"

install_all() {
  install_packages
  make_groups
  write_configuration
  make_release
  write_units
  write_site
  write_certificate
  serve
  remove_old_releases
}

read_choices "$@"
check_host
if [ "$DRY" = 0 ] && [ "$ASK" = 1 ]; then
  (DRY=1; install_all; [ "$(changes)" != 0 ] || { echo; echo "Nothing is to be done."; })
  confirm
fi
install_all
say_what_is_left
