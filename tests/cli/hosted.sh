# hosted.sh: the scripted server of the hosted API (tests/server) for tests of the program. Sourced after lib.sh.
#
#   serve OPTIONS...      starts it, with ./book appended to; sets the address, key and secret; it ends with the test
#   unserve               ends it
#   rows KIND             prints how many rows of the book are of this kind (submission, dry_run, request, ..)
#   paid                  prints the sum of what was paid for
#   hides FILE|FOLDER...  nothing in them has the key, the secret, or a parameter of a signed URL; all that mgbatch printed is in ./printed
#
# All clocks of the service run FASTER times as fast, the program's (MGBATCH_CLOCK_RATE) and the server's.
command -v python3 >/dev/null 2>&1 || skip_all 'python3 is not here'
FASTER=${FASTER:-50}
export PYTHONDONTWRITEBYTECODE=1 MGBATCH_CLOCK_RATE="$FASTER"
server=
trap unserve EXIT

serve()
{
	unserve
	rm -f ready
	python3 "$ROOT/tests/server/scenario.py" --ready ready --book book --for 300 --clock-rate "$FASTER" "$@" &
	server=$!
	await test -s ready
	SCENARIO_API_URL=$(sed -n 1p ready)
	export SCENARIO_API_URL SCENARIO_API_KEY=key_for_tests SCENARIO_API_SECRET=secret_for_tests
}

# All that the program ever prints is kept, for hides.
mgbatch()
{
	"$BUILD/mgbatch" "$@" >.out 2>.err
	printed=$?
	cat .out .err >>printed
	cat .out
	cat .err >&2
	return $printed
}

# Without a message of the shell about its end.
unserve()
{
	[ -z "$server" ] || { kill "$server" && { wait "$server" 2>/dev/null || true; }; }
	server=
}

rows() { grep -cF "\"is\": \"$1\"" book; }
paid() { sed -n 's/.*"is": "submission".*"price": \([0-9.]*\).*/\1/p' book | awk '{ sum += $1 } END { print sum + 0 }'; }

hides()
{
	for hidden in key_for_tests secret_for_tests "$(printf key_for_tests:secret_for_tests | base64)" Signature= Policy= Key-Pair-Id=; do
		grep -rlaF -e "$hidden" "$@" >found
		is "$(cat found)" '' "$hidden is nowhere"
	done
}
