# shellcheck shell=bash
# What is done is shown before it is done, and with DRY=1 it is only shown.

DRY=0
COUNTED=$(mktemp) # a line for each change, and in $COUNTED.later what it makes necessary
UNDONE=()
PENDING=/etc/lowkey/.restart
trap 'rm -f "$COUNTED" "$COUNTED.later"' EXIT

step() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
left() { UNDONE+=("$*"); }

changes() { wc -l < "$COUNTED"; }

shown() { # what is about to be done
  printf ' + %s\n' "$*"
  echo >> "$COUNTED"
}

run() { # a command that changes something
  shown "$(printf '%q ' "$@")"
  [ "$DRY" = 1 ] || "$@"
}

confirm() {
  local answer
  [ "$(changes)" != 0 ] || return 0
  [ -t 0 ] || fail "there is nobody to ask whether to do it: add --yes, or --dry-run."
  read -r -p $'\nDo it? [y/N] ' answer
  case "$answer" in y | Y | yes) : > "$COUNTED"; rm -f "$COUNTED.later" ;; *) fail "nothing was done." ;; esac
}

directory() { # PATH MODE [OWNER:GROUP]
  local path=$ROOT$1 mode=$2 owner
  owner=$(owner_here "${3:-root:root}")
  [ ! -d "$path" ] || [ "$(stat -c '%a %U:%G' "$path")" != "$mode $owner" ] || return 0
  run install -d -m "$mode" -o "${owner%:*}" -g "${owner#*:}" "$path"
}

owner_here() { # below --root the host's groups may not exist
  local group=${1#*:}
  [ -z "$ROOT" ] || getent group "$group" > /dev/null || group=root
  echo "${1%:*}:$group"
}

link() { # TARGET PATH
  [ "$(readlink "$ROOT$2" 2> /dev/null || true)" = "$1" ] || run ln -sfnT "$1" "$ROOT$2"
}

# Writes stdin to PATH. What is there already stays when it is the same; when it is not what this script wrote last, somebody has
# edited it, and it stays too. The copies of what was written last lie in /etc/lowkey/.written.
put() { # PATH MODE [OWNER:GROUP [WHAT]]: WHAT has to be restarted or reloaded when it has changed
  local path=$ROOT$1 mode=$2 owner content last
  owner=$(owner_here "${3:-root:root}")
  last=$ROOT/etc/lowkey/.written/${1//\//_}
  content=$(cat; echo .)
  content=${content%.}
  if same "$path" "$content"; then
    keep_copy "$last" "$content"
    return
  fi
  if [ -e "$path" ] && ! cmp -s "$path" "$last"; then
    offer "$path" "$mode" "$owner" "$content" "$last"
    return
  fi
  [ -z "${4:-}" ] || later "$4"
  shown "write $path ($mode $owner)"
  [ "$DRY" = 1 ] || store "$path" "$mode" "$owner" "$content"
  keep_copy "$last" "$content"
}

later() { # WHAT: in this run, or in the next should this one not come so far; where nothing runs, nothing has to
  [ -z "$ROOT" ] && [ -d /run/systemd/system ] || return 0
  if [ "$DRY" = 1 ]; then echo "$1" >> "$COUNTED.later"; else install -D -m 600 /dev/null "$ROOT$PENDING/$1"; fi
}

pending() { [ -e "$ROOT$PENDING/$1" ] || grep -qsFx -- "$1" "$COUNTED.later"; }

done_with() { [ "$DRY" = 1 ] || rm -f "$ROOT$PENDING/$1"; }

same() { [ -e "$1" ] && printf '%s' "$2" | cmp -s - "$1"; }

keep_copy() { [ "$DRY" = 1 ] || same "$1" "$2" || store "$1" 600 root:root "$2"; }

store() { # PATH MODE OWNER CONTENT: whole or not at all
  printf '%s' "$4" | install -D -m 600 /dev/stdin "$1.part"
  chown "$3" "$1.part"
  chmod "$2" "$1.part"
  mv -f "$1.part" "$1"
}

offer() { # PATH MODE OWNER CONTENT LAST
  if same "$5" "$4"; then
    note "$1 was edited here, and stays"
  elif same "$1.new" "$4"; then
    note "$1 was edited here, and stays; what it would be now is still in $1.new"
  else
    note "$1 was edited here, and stays: compare it with $1.new"
    shown "write $1.new ($2 $3)"
    [ "$DRY" = 1 ] || store "$1.new" "$2" "$3" "$4"
  fi
}

say_what_is_left() {
  local one
  [ "${#UNDONE[@]}" = 0 ] || step "Left for you to do"
  for one in ${UNDONE[@]+"${UNDONE[@]}"}; do note "- $one"; done
  echo
  if [ "$DRY" = 1 ]; then
    echo "That would be $(changes) changes. Nothing was done."
  elif [ "$(changes)" = 0 ]; then
    echo "Everything was as it should be. Nothing was changed."
  else
    echo "Done, with $(changes) changes: https://$DOMAIN"
    echo "The firewall, if there is one, has to let in TCP 80 and 443$([ "$TURN" = no ] || echo ', TCP and UDP 3478 and 5349, and UDP 49152 to 65535')."
  fi
}
