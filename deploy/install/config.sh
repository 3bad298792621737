# shellcheck shell=bash
# What lies in /etc/lowkey, and nginx's site.

filled() { # FILE: one of deploy/, with this host's names and secrets in it
  local text
  text=$(cat "$SOURCE/deploy/$1"; echo .)
  text=${text//chat.example/$DOMAIN}
  text=${text//@TURN_SECRET@/$(secret turn_secret)}
  text=${text//@REDIS_PASSWORD_SHA256@/$(redis_password | sha256sum | cut -d' ' -f1)}
  [ -z "$EXTERNAL_IP" ] || text=${text//#external-ip=203.0.113.7\/10.0.0.7/external-ip=$EXTERNAL_IP}
  printf '%s' "${text%.}"
}

secret() { cat "$ROOT/etc/lowkey/secrets/$1" 2> /dev/null || true; }

redis_password() { # out of unix://lowkey:PASSWORD@/run/…
  local url
  url=$(secret redis_url)
  url=${url#*//lowkey:}
  printf %s "${url%%@*}"
}

new_secret() { # NAME [BEFORE [AFTER]]: 256 random bits, if there is none
  local path=$ROOT/etc/lowkey/secrets/$1
  [ ! -e "$path" ] || return 0
  shown "write $path (600 root:root): 256 random bits"
  [ "$DRY" = 1 ] || store "$path" 600 root:root "${2:-}$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')${3:-}"$'\n'
}

write_configuration() {
  step "Configuration and secrets, in $ROOT/etc/lowkey"
  directory /etc/lowkey 755
  directory /etc/lowkey/secrets 700
  new_secret secret_key
  new_secret turn_secret
  new_secret redis_url unix://lowkey: @/run/lowkey-redis/redis.sock
  write_environment
  write_choices
  [ "$REDIS" = no ] || filled redis.conf | put /etc/lowkey/redis.conf 640 root:lowkey-redis lowkey-redis
  [ "$TURN" = no ] || filled turnserver.conf | put /etc/lowkey/turnserver.conf 640 root:lowkey-turn lowkey-turn
}

write_environment() { # once: from then on it is the operator's
  local path=$ROOT/etc/lowkey/lowkey.env text
  if [ -e "$path" ]; then
    grep -q "^ALLOWED_HOSTS=.*\b$DOMAIN\b" "$path" || note "$path does not have $DOMAIN among its ALLOWED_HOSTS"
    [ "$TURN" = no ] || grep -q '^TURN_URLS=' "$path" || note "$path has no TURN_URLS, so nobody hears of the TURN server here"
    return
  fi
  text=$(filled lowkey.env.example)
  [ "$TURN" = yes ] || text=$(sed -E 's/^(STUN|TURN)_URLS=/#&/' <<< "$text")
  shown "write $path (640 root:root)"
  [ "$DRY" = 1 ] || store "$path" 640 root:root "$text"$'\n'
}

site() { # nginx's, with a line for each process
  local number
  filled nginx.conf | while IFS= read -r line; do
    case "$line" in
      *"/run/lowkey-1/lowkey.sock"*)
        for ((number = 1; number <= PROCESSES; number++)); do echo "${line/lowkey-1/lowkey-$number}"; done ;;
      *"/run/lowkey-2/lowkey.sock"*) ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}

write_site() {
  step "nginx's site"
  directory /var/lib/lowkey/acme 755
  directory /etc/nginx/sites-available 755
  directory /etc/nginx/sites-enabled 755
  site | put /etc/nginx/sites-available/lowkey 644 root:root nginx
  link ../sites-available/lowkey /etc/nginx/sites-enabled/lowkey
}
