#!/bin/sh
# After a renewal: /etc/letsencrypt/renewal-hooks/deploy/lowkey. certbot runs it with RENEWED_LINEAGE for each certificate
# that is new; the copy is one that coturn may read too. What is connected stays connected.
set -eu
tls=${LOWKEY_TLS:-/etc/lowkey/tls}

openssl x509 -in "$RENEWED_LINEAGE/cert.pem" -noout -checkhost "$(sed -n 's/^DOMAIN=//p' "$tls/../install.conf")" \
  | grep -q "does match" || exit 0 # another site's

for file in privkey.pem fullchain.pem; do
  install -m 640 -g "$(stat -c %G "$tls")" "$RENEWED_LINEAGE/$file" "$tls/$file.part"
done
for file in privkey.pem fullchain.pem; do mv -f "$tls/$file.part" "$tls/$file"; done

[ -d /run/systemd/system ] || exit 0
nginx -q -t && systemctl reload nginx
# coturn reads its certificate again on this signal, and goes on with what it relays.
if systemctl --quiet is-active lowkey-turn; then systemctl kill --kill-whom=main --signal=SIGUSR2 lowkey-turn; fi
