# lib.sh: TAP functions for the tests of the program itself. Sourced by t*.sh from any folder.
#
#   . "$(dirname "$0")/lib.sh"     goes to a fresh folder, removed when all passed
#   run 2 mgbatch check bad.yaml   runs it: output in ./stdout and ./stderr, exit status must be 2
#   same stdout <<'EOF' .. EOF     the file is exactly this
#   has stderr 'words'             a line of the file has these words
#   hasnt stderr 'words'
#   is "$got" "$want" 'name'       two texts are equal
#   ok 'name' cmd args..           the command succeeds
#   await cmd args..               waits until it succeeds, 20 s and what its looks take at most; in vain is a failed check
#   n_done FOLDER                  prints how many of its jobs are done (FOLDER: or its manifest, here and below)
#   some_done FOLDER [N]           at least N of its jobs are done, or one
#   running FOLDER [N]             at least N of its jobs are being made, or one
#   id_of MANIFEST PREDICATE       prints the ids of the jobs that it chooses, as list has them
#   done_testing
#
# The program is $BUILD/mgbatch; BUILD is build/release unless said. NO_COLOR, TERM and the time
# zone are fixed so that outputs compare, and the places where checkpoints are looked for are empty. A test that cannot run says: skip_all 'why'.
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$ROOT/build/release}
export LC_ALL=C TZ=UTC TERM=dumb
tap_n=0
tap_failed=0
tap_dir=$(mktemp -d) || exit 1
case $tap_dir in
/*) ;;
*) exit 1 ;;
esac
[ -x "$BUILD/mgbatch" ] || { echo "Bail out! there is no $BUILD/mgbatch: make it first"; exit 1; }
# Checkpoints and credentials are looked for here alone, not in the home of whoever runs the tests; nobody's money is spent by them.
export XDG_DATA_HOME="$tap_dir/.data" HF_HUB_CACHE="$tap_dir/.hub" XDG_CONFIG_HOME="$tap_dir/.config" XDG_CACHE_HOME="$tap_dir/.cache" no_proxy='*'
unset SCENARIO_API_KEY SCENARIO_API_SECRET SCENARIO_CREDENTIALS SCENARIO_PROJECT SCENARIO_CA_FILE MGBATCH_CLOCK_RATE
export SCENARIO_API_URL=http://127.0.0.1:9/v1 HF_ENDPOINT=http://127.0.0.1:9 # the discard port, which is closed
cd "$tap_dir" || exit 1

mgbatch() { "$BUILD/mgbatch" "$@"; }

tap() # 0 for ok, name
{
	tap_n=$((tap_n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_n - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_n - $2"
		return 1
	fi
}

run() # status command...
{
	tap_want=$1
	shift
	"$@" >stdout 2>stderr
	tap_got=$?
	[ "$tap_got" = "$tap_want" ]
	tap $? "exit status $tap_want: $*" && return 0
	echo "# exit status $tap_got; stdout, then stderr:"
	say_file stdout
	say_file stderr
}

# A file as comments: its first lines, cut, for some outputs are of megabytes.
say_file() { head -n 60 "$1" | cut -c 1-300 | sed 's/^/# /'; }

same() # file; the wanted text on stdin
{
	cat >"$tap_dir/.want"
	if cmp -s "$1" "$tap_dir/.want"; then
		tap 0 "$1 is what it should be"
	else
		tap 1 "$1 is what it should be"
		diff -u "$tap_dir/.want" "$1" | sed 's/^/# /'
	fi
}

has() # file words
{
	grep -qF -- "$2" "$1"
	tap $? "$1 has: $2" || say_file "$1"
}

hasnt() # file words
{
	if [ ! -f "$1" ] || grep -qF -- "$2" "$1"; then
		tap 1 "$1 has not: $2"
		say_file "$1"
	else
		tap 0 "$1 has not: $2"
	fi
}

is() # got want name
{
	[ "$1" = "$2" ]
	tap $? "$3" || printf '#  got: %s\n# want: %s\n' "$1" "$2"
}

ok() # name command...
{
	tap_name=$1
	shift
	"$@" >ok.out 2>&1
	tap $? "$tap_name" || say_file ok.out
	rm -f ok.out
}

await() # command...
{
	for _ in $(seq 400); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05 # between two looks; what is waited for is the command
	done
	tap 1 "waited in vain for: $*"
}

# How many jobs are in a state; nothing where there is no ledger yet.
n_in() { mgbatch status "$1" --json | sed -n "s/^ *\"$2\": \([0-9]*\),*\$/\1/p"; } # folder, state
n_done() { n_in "$1" done; }
some_done() { [ "$(n_done "$1")" -ge "${2:-1}" ]; }
running() { [ "$(n_in "$1" running)" -ge "${2:-1}" ]; }

id_of() { mgbatch list "$1" --select "$2" | cut -c1-12; }

skip_all()
{
	echo "1..0 # SKIP $1"
	cd /
	rm -rf "$tap_dir"
	exit 0
}

done_testing()
{
	echo "1..$tap_n"
	cd /
	if [ "$tap_failed" = 0 ]; then
		rm -rf "$tap_dir"
		exit 0
	fi
	echo "# $tap_failed of $tap_n failed; the folder is kept: $tap_dir"
	exit 1
}
