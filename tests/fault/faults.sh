#!/bin/sh
# faults.sh [EVERY]: each system call of a run that may change the disk fails once, or the program is killed at it.
#
# preload.c counts the calls below the output folder. For each kind of call, each way to fail and each place N, until a run
# has fewer than N: the run under the fault ends with the right status and sentence and leaves nothing half there; then one
# run without faults ends well, and its folder and ledger equal those of a run that was never troubled.
# Three runs are troubled: one into a new folder; one of a changed manifest, which replaces a file, renames one and
# exchanges two; and one that has to settle what a killed one left.
#
# EVERY: only every so manyth place, from a place that SEED decides (1: all, some minutes; the sample of make test: 50).
# VARIANTS: which of the three; they run beside one another.
[ -w /dev/shm ] && export TMPDIR=/dev/shm # a sync costs nothing there
. "$(dirname "$0")/../cli/lib.sh"
. "$ROOT/tests/fault/parts.sh"
every=${1:-1}
seed=${SEED:-$(date +%s)}
VARIANTS=${VARIANTS:-fresh changed settled}
PRELOAD=$BUILD/tests/fault/preload.so
for tool in sqlite3 awk; do
	command -v $tool >/dev/null || { echo "Bail out! $tool is missing"; exit 1; }
done
[ -f "$PRELOAD" ] || { echo "Bail out! there is no $PRELOAD: make it first"; exit 1; }
export ASAN_OPTIONS=verify_asan_link_order=0 # the sanitizers' library comes behind ours
echo "# every ${every}th place, SEED=$seed"

# ---- the manifests --------------------------------------------------------------------------------------

manifest() # then a line for each set: name, seed, prompt
{
	cat <<'END'
version: 1
name: faults
backend: fake
params: {duration: 0.1}
output: {name: "{set}/{seed}"}
sets:
END
	while read -r set seed_of prompt; do
		echo "  $set: {params: {prompt: \"$prompt\", seed: $seed_of}}"
	done
}
manifest >old.yaml <<'END'
kept 1 soft rain
mended 2 hard rian
moved 3 brass hook
left 4 left hand
right 4 right hand
END
manifest >new.yaml <<'END'
kept 1 soft rain
mended 2 hard rain
elsewhere 3 brass hook
left 4 right hand
right 4 left hand
added 6 slow bells
END

# ---- one run under a fault ---------------------------------------------------------------------------------

# In a variant's own folder: base is what was there before, run is what is troubled.
trouble() # kinds how place [rest]
{
	rm -rf run log
	[ ! -d base ] || cp -a base run
	env FAULT_ROOT="$PWD/run" FAULT_LOG="$PWD/log" FAULT_KINDS="$1" FAULT_HOW="$2" FAULT_AT="$3" ${4:+FAULT_REST=1} \
		LD_PRELOAD="$PRELOAD" "$BUILD/mgbatch" run ../new.yaml --output run >out 2>err
	status=$?
}

sums() { (cd "$1" 2>/dev/null && find . -type f \( -name '*.wav' -o -path '*/old/*' -o -path '*/move/*' -o -path '*/part/*' \) -exec cksum {} + | awk '{ print $1 "-" $2, $3 }'); }

# What a copy of the ledger says, so that looking at it changes nothing.
ask() # folder sql
{
	rm -rf copy
	mkdir copy
	cp "$1"/.mgbatch/ledger.db* copy 2>/dev/null && sqlite3 copy/ledger.db "$2" 2>&1
}

# The state of each job that lasts. Numbers of runs in the old files' names differ.
LASTING="SELECT j.path, j.state, j.deaths, coalesce(a.path, ''), coalesce(a.file_sha256, ''),
	(SELECT count(*) FROM attempt t WHERE t.seq = j.seq AND t.outcome = 'done')
	FROM job j LEFT JOIN artifact a USING (seq) ORDER BY j.path, j.state, a.file_sha256;
	SELECT count(*) FROM away; SELECT * FROM ledger;"
lasting() { ask "$1" "$LASTING" | sed 's|old/[0-9]*/|old/|'; }

# Each line that is printed is something half there. ref.sums and base.sums are lists of the whole files. A power cut may
# take a transaction of the ledger: then a file is made again, and nothing is lost (DESIGN section 5). $1: how
half_there()
{
	sums run >run.sums
	ask run "SELECT 'row', a.path FROM artifact a JOIN job j USING (seq) WHERE j.state IN ('made', 'done', 'superseded');
		SELECT 'done', a.path FROM artifact a JOIN job j USING (seq) WHERE j.state = 'done'" | tr '|' ' ' >rows
	awk -v run=run -v cut="$([ "$1" != cut ] || echo 1)" '
		function file(kind, sum, path) { have[kind, sum, path] = 1; if (kind == "base") old[sum] = path }
		FILENAME == "ref.sums" { file("ref", $1, $2); next }
		FILENAME == "base.sums" { file("base", $1, $2); next }
		FILENAME == "run.sums" { n++; sum[n] = $1; path[n] = $2; there[$1] = 1; at[$2] = 1; next }
		$1 == "row" { row["./" $2] = 1; next }
		$1 == "done" { done["./" $2] = 1; next }
		!/no such table/ { print "the ledger: " $0 } # the first transaction was not there yet
		function ends(name, what,    line, last) {
			while ((getline line < (run "/" name)) > 0) last = line
			if (last != "" && substr(last, length(last) - length(what) + 1) != what) print name " is cut: " last
		}
		END {
			for (i = 1; i <= n; i++) {
				if (path[i] ~ /^\.\/\.mgbatch\//) continue
				if (!(("ref", sum[i], path[i]) in have) && !(("base", sum[i], path[i]) in have)) print path[i] " is neither the old nor the new file"
				else if (!cut && !(("base", sum[i], path[i]) in have) && !(path[i] in row)) print path[i] " has no row"
			}
			for (s in old) if (!(s in there)) print old[s] " is lost"
			for (p in done) if (!(p in at)) print p " is said to be done, and is not there"
			ends("report.html", "</html>"); ends("metadata.jsonl", "}"); ends("summary.json", "}")
		}' ref.sums base.sums run.sums rows
}

# Each line is what the status or the sentence has wrong. $1: how
wrong_end()
{
	case $1:$status in
	kill*:137 | cut:137) ;;
	*:0) equal_to_reference "$1" | sed 's/^/exit status 0, but: /' ;;
	kill* | cut*) echo "exit status $status of a killed run" ;;
	*:5 | *:1)
		grep -qE 'No space left|Input/output error|I/O error|disk is full|Permission denied|Too many open files|unable to open|did not let it be read|can be read but not written' err ||
			{ echo "exit status $status without its reason:"; cat err; }
		;;
	*) echo "exit status $status"; cat err ;;
	esac
	! grep -qE 'Success|AddressSanitizer|runtime error' err || { echo 'stderr:'; cat err; }
}

equal_to_reference()
{
	same_folder ref run
	[ "$1" = cut ] || lasting run | diff ref.lasting -
}

# Each line is a difference to the run that was never troubled. $1: how
converges()
{
	"$BUILD/mgbatch" run ../new.yaml --output run >out2 2>err2 || { echo "the next run: exit status $?"; cat err2; }
	equal_to_reference "$1"
	[ "$(ask run 'PRAGMA integrity_check')" = ok ] || echo 'the database is damaged'
	sums run >run.sums
	awk 'FILENAME == "base.sums" { old[$1] = $2; next } { delete old[$1] } END { for (s in old) print old[s] " is lost" }' base.sums run.sums
	find run -name '*~'
	find run/.mgbatch/part run/.mgbatch/move -type f 2>/dev/null
}

# ---- all places ----------------------------------------------------------------------------------------------

each_place() # variant kinds how [rest]
{
	n_hit=0
	n_bad=0
	place=$((seed % every + 1))
	while trouble "$2" "$3" "$place" "$4" && false || grep -q '^hit' log 2>/dev/null; do
		n_hit=$((n_hit + 1))
		{ wrong_end "$3"; half_there "$3"; converges "$3"; } >problems 2>&1
		if [ -s problems ]; then
			n_bad=$((n_bad + 1))
			[ "$n_bad" -gt 3 ] || { echo "# $1: $3 of $2 at place $place${4:+ and from then on}: $(grep '^hit' log), exit status $status"; sed 's/^/#   /' problems | head -20; }
		fi
		place=$((place + every))
	done
	[ "$n_bad" = 0 ] && echo "ok - $1: $2 $3${4:+ from then on}, $n_hit places" ||
		echo "not ok - $1: $2 $3${4:+ from then on}, $n_bad of $n_hit places"
	echo "sum $n_hit"
}

variant() # name
{
	case $1 in
	changed | settled) "$BUILD/mgbatch" run ../old.yaml --output base -q ;;
	esac
	if [ "$1" = settled ]; then # killed between the first files of the group that is made and its last row
		trouble rename kill-after 8
		sqlite3 run/.mgbatch/ledger.db "SELECT 'ok - settled: the run before was killed between row and row' FROM job WHERE state = 'made' LIMIT 1"
		mv run killed
	fi
	[ ! -d base ] || cp -a base ref
	"$BUILD/mgbatch" run ../new.yaml --output ref -q || echo 'not ok - the run without faults'
	lasting ref >ref.lasting
	sums ref >ref.sums
	: >base.sums
	[ ! -d base ] || sums base >base.sums
	[ ! -d killed ] || { rm -rf base && mv killed base; }
	for how in kill kill-after cut; do
		each_place "$1" change $how
	done
	for how in ENOSPC EIO; do
		each_place "$1" change $how rest
		for kind in open write sync rename mkdir truncate; do
			each_place "$1" $kind $how
		done
	done
	each_place "$1" write short
	each_place "$1" unlink EIO
	each_place "$1" close EIO
	for kind in open-read read stat; do
		each_place "$1" $kind EIO
	done
	each_place "$1" open-read EMFILE
	each_place "$1" open-read EACCES
}

beside variant $VARIANTS
echo "# $sum faults"
[ "$sum" -gt 0 ]
tap $? 'there were faults'
done_testing
