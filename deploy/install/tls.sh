# shellcheck shell=bash
# The certificate, in /etc/lowkey/tls: from Let's Encrypt, or made here. nginx reads it as root, coturn by its group.

LIVE=/etc/letsencrypt/live
HOOK=/etc/letsencrypt/renewal-hooks/deploy/lowkey

write_certificate() {
  step "The certificate"
  directory /etc/lowkey/tls 750 root:lowkey-turn
  [ -e "$ROOT/etc/lowkey/tls/fullchain.pem" ] || self_sign # nginx does not start without one
  reload_nginx
  [ "$TLS" = self-signed ] || ask_for_certificate
}

self_sign() {
  local at=$ROOT/etc/lowkey/tls
  run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$DOMAIN" \
    -addext "subjectAltName=DNS:$DOMAIN" -keyout "$at/privkey.pem" -out "$at/fullchain.pem"
  run chown "$(owner_here root:lowkey-turn)" "$at/privkey.pem" "$at/fullchain.pem"
  run chmod 640 "$at/privkey.pem" "$at/fullchain.pem"
}

ask_for_certificate() {
  local who=(--register-unsafely-without-email)
  put "$HOOK" 755 < "$SOURCE/deploy/certbot-hook.sh"
  [ ! -e "$ROOT$LIVE/$DOMAIN/fullchain.pem" ] || { take_certificate; return; }
  [ -z "$EMAIL" ] || who=(--email "$EMAIL")
  if ! can_start; then
    left "certbot certonly --webroot -w /var/lib/lowkey/acme -d $DOMAIN ${who[*]} --agree-tos"
    return
  fi
  run certbot certonly --non-interactive --agree-tos "${who[@]}" --webroot -w /var/lib/lowkey/acme -d "$DOMAIN" ||
    fail "Let's Encrypt gave no certificate. It must reach this host by http://$DOMAIN (port 80): look at the DNS and the firewall. Then run this again."
  take_certificate
}

take_certificate() { # as certbot does after each renewal
  cmp -s "$ROOT$LIVE/$DOMAIN/fullchain.pem" "$ROOT/etc/lowkey/tls/fullchain.pem" ||
    run env RENEWED_LINEAGE="$ROOT$LIVE/$DOMAIN" LOWKEY_TLS="$ROOT/etc/lowkey/tls" "$ROOT$HOOK"
}
