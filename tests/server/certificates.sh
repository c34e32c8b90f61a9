#!/bin/sh
# certificates.sh DIR: makes an authority of its own and certificates for tests, in DIR (made if missing):
#   ca.pem                    the authority, for $SCENARIO_CA_FILE and struct http_config.ca_file
#   good.pem good.key         for localhost, 127.0.0.1 and the names of tests/fault/resolver.c, signed by it
#   other.pem other.key       for another host, signed by it
#   stranger.pem stranger.key for localhost and 127.0.0.1, signed by nobody but itself
set -eu
dir=$1
mkdir -p "$dir"
cd "$dir"

key_pair() # req with a new key; it prints dots while it looks for one
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "$@" 2>openssl.log || { cat openssl.log >&2; exit 1; }
}

# name, subject, alternative names: a key and a request to sign it
ask()
{
	key_pair -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" -addext "subjectAltName=$3"
}

here='DNS:localhost,DNS:api.mgbatch.test,DNS:cdn.cloud.scenario.com,IP:127.0.0.1'
key_pair -x509 -keyout ca.key -out ca.pem -subj '/CN=authority of a test' -days 2
for pair in "good $here" "other DNS:other.invalid"; do
	name=${pair%% *}
	ask "$name" "$name" "${pair#* }"
	openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -out "$name.pem" -days 2 -copy_extensions copy 2>/dev/null
done
key_pair -x509 -keyout stranger.key -out stranger.pem -subj '/CN=localhost' \
	-addext "subjectAltName=$here" -days 2
