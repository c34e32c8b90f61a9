#!/bin/sh
# Ten minutes without a network, in the time of the tests: nobody's job becomes unknown, nothing is sent twice, and the run ends with all done
# when it comes back. Twice: connections are refused, and no name is found (tests/fault/resolver.c).
FASTER=200
. "$(dirname "$0")/lib.sh"
. "$ROOT/tests/cli/hosted.sh"
OUTAGE_S=3 # times FASTER: ten minutes
LIBRARY=$BUILD/tests/fault/resolver.so
[ -f "$LIBRARY" ] || { echo "Bail out! there is no $LIBRARY: make it first"; exit 1; }
export ASAN_OPTIONS=verify_asan_link_order=0 # the sanitizers' library comes behind ours

cat >m.yaml <<'END'
version: 1
name: outage
backend: scenario
params: {prompt: "soft rain", duration: 1, modelVersion: melody-large, inputAudio: tune.wav}
sweep: {seed: 1..24}
run: {credits: 1000}
hosted: {jobs: 4, requests_per_minute: 600}
END
python3 "$ROOT/tests/server/sounds.py" '{"prompt": "a tune", "duration": 1}' >tune.wav

# All done, each billed once, the sums right, nothing unknown at any time.
judge_all() # folder
{
	has run.out '24 of 24 jobs done'
	hasnt run.out unknown
	ok 'the book has nothing against it' python3 "$ROOT/tests/server/judge.py" trouble book "$1"
	is "$(python3 "$ROOT/tests/server/judge.py" states book "$1")/$(rows submission)" '24 done/24' 'each is done and was paid for once'
	run 0 mgbatch verify m.yaml --output "$1" --deep
}

echo '# connections are refused'
cat >cases.json <<'END'
[{"on": "poll", "nth": 20, "do": "down", "when": "after", "ms": 600000}]
END
serve --cases cases.json --job-ms 5000-30000 --price 4
"$BUILD/mgbatch" run m.yaml --output refused -v >run.out 2>&1 &
pid=$!
await grep -q '"is": "down"' book
wait $pid
is $? 0 'the run ends with all done'
cat run.out >>printed
judge_all refused
unserve
mv book book.refused

echo '# no name is found'
python3 "$ROOT/tests/server/front.py" --ready ready.far --work front --storage-host cdn.cloud.scenario.com -- \
	--book book --for 120 --clock-rate "$FASTER" --job-ms 5000-30000 --upload-ms 200000 --price 4 >front.out 2>&1 &
server=$!
await sh -c 'test -s ready.far || grep -q SKIP front.out'
if grep -q SKIP front.out; then
	echo "# $(cat front.out)"
	server=
else
	port=$(sed -n '1s|.*:\([0-9]*\)/v1|\1|p' ready.far)
	SCENARIO_CA_FILE=$(sed -n 3p ready.far) SCENARIO_API_URL=https://api.mgbatch.test:$port/v1 RESOLVER_DEAD="$PWD/dead" LD_PRELOAD="$LIBRARY" \
		"$BUILD/mgbatch" run m.yaml --output unnamed -v >run.out 2>&1 &
	pid=$!
	await grep -q '"is": "part"' book # libcurl remembers a name for a minute: this is before the first submission asks for it
	touch dead
	await grep -q 'nothing was sent' run.out
	before=$(rows submission)
	sleep $OUTAGE_S # what is tested is that so much time passes
	is "$(rows submission)" "$before" 'nothing is sent meanwhile'
	kill -0 $pid
	tap $? 'the run waits for the network'
	rm dead
	wait $pid
	is $? 0 'the run ends with all done'
	cat run.out >>printed
	judge_all unnamed
fi
rm -rf front
hides .
done_testing
