#!/bin/sh
# The hosted backend over TLS and HTTP/2, through a front with a certificate of a CA that is made here; and what is refused before a byte leaves.
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/hosted.sh"

python3 "$ROOT/tests/server/front.py" --ready ready --work front -- --book book --for 120 --clock-rate "$FASTER" --job-ms 2000-9000 >front.out 2>&1 &
server=$!
await sh -c 'test -s ready || grep -q SKIP front.out'
if grep -q SKIP front.out; then
	server=
	skip_all "$(sed -n 's/^SKIP: //p' front.out)"
fi
SCENARIO_API_URL=$(sed -n 1p ready)
export SCENARIO_API_URL SCENARIO_API_KEY=key_for_tests SCENARIO_API_SECRET=secret_for_tests
ca=$(sed -n 3p ready)
cat >m.yaml <<'END'
version: 1
name: far
backend: scenario
params: {prompt: "soft rain", duration: 2, inputAudio: tone.wav, modelVersion: melody-large}
sweep: {seed: 1..12}
run: {credits: 1000}
hosted: {jobs: 12, requests_per_minute: 6000}
END
python3 "$ROOT/tests/server/sounds.py" '{"prompt": "a tone", "duration": 1}' >tone.wav

echo '# what is refused before a byte leaves'
refused() # words, status: of the answer to a run; nobody has heard of it
{
	run "$2" mgbatch run m.yaml
	has stderr "$1"
	run 0 mgbatch plan m.yaml
	has stdout "$1"
	is "$(rows request)$(rows leak)" 00 'the service has heard nothing'
	is "$(n_in m.yaml submitting)$(n_in m.yaml unknown)" 00 'and nothing is owed'
}
refused "the server's certificate is signed by no authority" 5
SCENARIO_CA_FILE=$ca SCENARIO_API_URL=https://elsewhere.localhost:${SCENARIO_API_URL##*:} refused "certificate is for another host name" 5
SCENARIO_CA_FILE=/nowhere/ca.crt refused "cannot read '/nowhere/ca.crt', which SCENARIO_CA_FILE names" 5
SCENARIO_API_URL=http://192.0.2.1/v1 refused 'https' 5
SCENARIO_API_URL=http://api.example/v1 refused 'https' 5

echo '# a run through the front'
export SCENARIO_CA_FILE="$ca"
run 0 mgbatch run m.yaml
has stdout '12 of 12 jobs done'
is "$(rows submission)/$(rows upload)/$(rows result)" 12/1/12 'each is paid for once, the input is sent once'
run 0 mgbatch verify m.yaml --deep
ok 'no credentials went astray' python3 "$ROOT/tests/server/read_book.py" clean book
grep -iv ' POST$' front/access.log | grep -ivE ' (h2|HTTP/2\.0) ' >old
same old </dev/null
n_shared=$(grep -iE ' (h2|HTTP/2\.0) ' front/access.log | cut -d ' ' -f 1 | sort -u | grep -c .)
n_requests=$(grep -c . front/access.log)
ok "few connections carry $n_requests requests: $n_shared" test "$n_shared" -ge 1 -a "$n_shared" -le 6
rm -rf front
rm -f ready book
hides .
done_testing
