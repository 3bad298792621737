# shellcheck shell=bash
# The units, and what runs: started, or restarted one after another, each only when the one before it serves again.

UNITS=(lowkey@.service lowkey-uvicorn@.service lowkey-redis.service lowkey-turn.service lowkey.target)
PATIENCE=30 # seconds for a process to serve
PAUSE=5     # seconds for its people to come back before the next one is restarted

can_start() { [ "$START" = 1 ] && [ -d /run/systemd/system ]; }

unit_of() { [ "$1" = uvicorn ] && echo lowkey-uvicorn@ || echo lowkey@; }

write_units() {
  local unit
  step "systemd's units"
  for unit in "${UNITS[@]}"; do
    put "/etc/systemd/system/$unit" 644 root:root "${unit%.service}" < "$SOURCE/deploy/$unit"
  done
  can_start || return 0
  for unit in "${UNITS[@]}"; do
    pending "${unit%.service}" || continue
    run systemctl daemon-reload
    return
  done
}

reload_nginx() {
  pending nginx || return 0
  can_start || { left "systemctl reload nginx"; return; }
  run nginx -q -t
  run systemctl reload-or-restart nginx
  done_with nginx
}

serve() {
  step "What runs"
  enable_units
  switch_release
  can_start || { left "systemctl start lowkey.target, or where it runs already: deploy/install.sh --restart"; return 0; }
  [ "$REDIS" = no ] || start_beside lowkey-redis
  [ "$TURN" = no ] || start_beside lowkey-turn
  restart_processes
  stop_the_rest
  [ "$DRY" = 1 ] || check_from_outside
}

enabled() { [ -L "$ROOT/etc/systemd/system/$2.wants/$1" ]; }

enable_units() {
  local number unit
  want lowkey.target multi-user.target
  [ "$REDIS" = no ] || want lowkey-redis.service lowkey.target
  [ "$TURN" = no ] || want lowkey-turn.service lowkey.target
  for ((number = 1; number <= PROCESSES; number++)); do want "$(unit_of "$SERVER")$number.service" lowkey.target; done
  for unit in "$ROOT"/etc/systemd/system/lowkey.target.wants/*; do
    [ -L "$unit" ] && ! wanted "${unit##*/}" && run systemctl ${ROOT:+--root="$ROOT"} disable -q "${unit##*/}"
  done
  return 0
}

want() { enabled "$1" "$2" || run systemctl ${ROOT:+--root="$ROOT"} enable -q "$1"; }

wanted() { # whether a unit belongs to what was chosen
  local number
  case "$1" in
    lowkey-redis.service) [ "$REDIS" = yes ]; return ;;
    lowkey-turn.service) [ "$TURN" = yes ]; return ;;
  esac
  for ((number = 1; number <= PROCESSES; number++)); do [ "$1" != "$(unit_of "$SERVER")$number.service" ] || return 0; done
  return 1
}

switch_release() {
  BEFORE=$(readlink "$ROOT/opt/lowkey/current" 2> /dev/null || true)
  link "${RELEASE#/opt/lowkey/}" /opt/lowkey/current
}

start_beside() { # Redis or coturn: restarted only for a change of its own, since that is noticed
  if pending "$1" || ! systemctl --quiet is-active "$1"; then
    run systemctl restart "$1"
    done_with "$1"
  fi
}

is_current() { # UNIT: whether it runs this release, with its unit and its settings as they are now
  local pid since
  pid=$(systemctl show --property MainPID --value "$1")
  since=$(systemctl show --property ExecMainStartTimestamp --timestamp unix --value "$1")
  [ "${pid:-0}" != 0 ] && [ "$(readlink "/proc/$pid/cwd")" = "$RELEASE" ] && ! pending "${1%@*}@" &&
    [ "${since#@}" -gt "$(stat -c %Y /etc/lowkey/lowkey.env /etc/lowkey/secrets/* | sort -n | tail -n 1)" ]
}

restart_processes() {
  local number unit wait=0
  for ((number = 1; number <= PROCESSES; number++)); do
    unit=$(unit_of "$SERVER")$number
    [ "$RESTART" = 1 ] || ! is_current "$unit" || continue
    [ "$DRY" = 1 ] || sleep "$wait"
    { run systemctl restart "$unit" && serves "$number"; } || go_back "$number"
    [ -z "$BEFORE" ] || wait=$PAUSE
  done
  done_with "$(unit_of "$SERVER")"
}

serves() { # NUMBER: it says of itself that it serves, within PATIENCE
  local deadline=$((SECONDS + PATIENCE))
  [ "$DRY" = 0 ] || return 0
  until curl --silent --fail --output /dev/null --max-time 5 --unix-socket "/run/lowkey-$1/lowkey.sock" "http://$DOMAIN/health"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

go_back() { # NUMBER: the first that does not serve stops all that; the processes after it still run what was there before
  local unit number
  unit=$(unit_of "$SERVER")$1
  journalctl --quiet --no-pager --lines 20 --unit "$unit" >&2 || true
  [ -n "$BEFORE" ] && [ "$BEFORE" != "${RELEASE#/opt/lowkey/}" ] || fail "$unit does not serve; see above."
  run ln -sfnT "$BEFORE" /opt/lowkey/current
  for ((number = 1; number <= $1; number++)); do
    run systemctl restart "$(unit_of "$SERVER")$number"
    serves "$number" || true
  done
  fail "$unit does not serve with the new version (see above), so the one before it runs again."
}

stop_the_rest() { # processes that are no longer wanted, once nginx has forgotten them
  local unit
  for unit in $(systemctl list-units --plain --no-legend 'lowkey@*' 'lowkey-uvicorn@*' lowkey-turn.service lowkey-redis.service | cut -d' ' -f1); do
    wanted "$unit" || run systemctl stop "$unit"
  done
}

check_from_outside() { # as far as this host can: nginx, TLS and a process
  curl --silent --fail --insecure --output /dev/null --max-time 10 --resolve "$DOMAIN:443:127.0.0.1" "https://$DOMAIN/health" ||
    fail "the processes serve, but https://$DOMAIN/health does not answer: look at nginx (nginx -t, systemctl status nginx)."
}
