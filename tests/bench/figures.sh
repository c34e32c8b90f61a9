# figures.sh: what the benches that are shell scripts share. Sourced.
#
#   timed 0 cmd args..    runs it: $wall, $cpu (its seconds) and $began (Unix seconds) are set; its exit status may be any of those that are
#                         named; output in ./stdout and ./stderr
#   calc 'a / b'          prints it
#   figure what ours unit other unit limit otherwhat    one line: ours / other against limit; limit 'none': only told. $missed is 1 when one is
#   begin_bench cmd..     where one of these is not here, ends with status 0 and the reason; else goes into a new folder, $dir, of
#                         $BENCH_DIR, which is removed at the end, after what $at_end says
#
# $root is the repository, $BUILD and $mgbatch what is measured.
missed=0
bench_name=$(basename "$0" .sh)
root=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$root/build/release}
mgbatch=$BUILD/mgbatch
at_end=

timed() # statuses command...
{
	statuses=$1
	shift
	perl -MTime::HiRes=time -e '
		open(my $out, ">", "times") or die; my $t = time; my $r = system(@ARGV); my $w = time - $t;
		my (undef, undef, $u, $s) = times; printf $out "%.3f %.3f %.3f %d\n", $w, $u + $s, $t, $r >> 8' "$@" >stdout 2>stderr
	read -r wall cpu began status <times
	case " $statuses " in
	*" $status "*) ;;
	*) echo "$bench_name: exit status $status: $*"; cat stderr; exit 1 ;;
	esac
}

calc() { perl -e "printf '%.6g', $1"; }

figure()
{
	ratio=$(calc "$2 / ($4)")
	if [ "$6" = none ]; then
		perl -e 'printf "%-34s %10.4g %-4s %-30s %10.4g %-4s ratio %.3f\n", @ARGV' "$1" "$2" "$3" "$7" "$4" "$5" "$ratio"
		return
	fi
	word=ok
	[ "$(calc "$ratio <= $6 ? 1 : 0")" = 1 ] || { word=MISSED; missed=1; }
	perl -e 'printf "%-34s %10.4g %-4s %-30s %10.4g %-4s ratio %.3f, at most %.3f: %s\n", @ARGV' \
		"$1" "$2" "$3" "$7" "$4" "$5" "$ratio" "$6" "$word"
}

begin_bench()
{
	for need in "$mgbatch" "$@"; do
		command -v "$need" >/dev/null || { echo "$bench_name: SKIP: $need is not here (tools/install-deps bench)"; exit 0; }
	done
	mkdir -p "${BENCH_DIR:=$BUILD/bench}"
	dir=$(mktemp -d "$BENCH_DIR/$bench_name.XXXXXX")
	trap 'eval "$at_end" || :; rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM
	cd "$dir"
}
