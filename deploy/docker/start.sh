#!/bin/bash
# What a container starts: `start web`, redis, nginx or turn. Fills in what deploy/*.conf leave open, from /run/secrets and
# DOMAIN, into memory alone.
set -euo pipefail

secret() { cat "/run/secrets/$1"; }

filled() { # FILE
  local text
  text=$(cat "/etc/lowkey/$1")
  text=${text//chat.example/$DOMAIN}
  if [ "$1" = turnserver.conf ]; then text=${text//@TURN_SECRET@/$(secret turn_secret)}; fi
  if [ "$1" = redis.conf ]; then text=${text//@REDIS_PASSWORD_SHA256@/$(redis_password | sha256sum | cut -d' ' -f1)}; fi
  printf '%s\n' "$text"
}

redis_password() { # out of unix://lowkey:PASSWORD@/run/lowkey-redis/redis.sock
  local url
  url=$(secret redis_url)
  url=${url#*//lowkey:}
  printf %s "${url%%@*}"
}

case "$1" in
  web)
    option=-u
    if [ "$SERVER" = uvicorn ]; then option=--uds; fi
    rm -f "/run/lowkey-$PROCESS/lowkey.sock"* # the volume outlives a container that was killed
    exec /opt/lowkey/.venv/bin/python -m "lowkey_site.$SERVER" "$option" "/run/lowkey-$PROCESS/lowkey.sock"
    ;;
  redis)
    filled redis.conf > /tmp/redis.conf
    exec redis-server /tmp/redis.conf
    ;;
  nginx)
    filled nginx.conf > /run/lowkey-site
    exec nginx -e stderr -g 'daemon off;'
    ;;
  turn)
    umask 077
    filled turnserver.conf > /run/lowkey-turn/turnserver.conf
    exec turnserver -c /run/lowkey-turn/turnserver.conf
    ;;
  *)
    echo "start: there is no $1" >&2
    exit 2
    ;;
esac
