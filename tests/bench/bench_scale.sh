#!/bin/sh
# bench_scale.sh [JOBS [FILES]]: the runner at scale, each figure beside something run on this machine at the same time.
#
# JOBS (1,000,000) are enrolled once; FILES (10,000) are made by the fake backend. One line a figure: ours, the other's, the
# ratio and what it may be at most; exit status 1 when one is MISSED. BUILD says where the program is, BENCH_DIR where to write:
# a disk like the one that runs write to, with some 6 GB and 1.2 million inodes free for a million jobs, which are all made by
# the fake backend: some six minutes.
#
#   enrolment    a first `mgbatch run` from its start to its first job (manifest read, jobs expanded, ids hashed, rows in the
#                ledger) against the sqlite3 shell, which only imports the same rows from CSV into the same table and indexes,
#                with the same journal and cache. Both run at the same time: two processors are wanted.
#   memory       the peak of a first run, its reports of all jobs included
#   second run   the whole command with all jobs done, against the whole first one (of JOBS it is cut into two runs, for the
#                figures between: the first of them makes one file)
#   tiny jobs    wall time of a whole run a job, reports included, against GNU parallel with --joblog a job: in memory against `true`,
#                which is the runner by itself, for GNU parallel syncs nothing; on the disk, where each of our files is synced
#                before it gets its name, against a command that writes such a file and syncs it, and, only told, against `true`
#   status       processor seconds with all jobs waiting and with all done
set -eu
jobs=${1:-${BENCH_JOBS:-1000000}}
files=${2:-${BENCH_FILES:-10000}}
others=$((files / 10 + 1)) # of GNU parallel: it takes a hundred times as long
bytes=1800 # of a tiny file
rounds=3
. "$(dirname "$0")/figures.sh"
begin_bench sqlite3 perl
memory= at_end='[ -z "$memory" ] || rm -rf "$memory"'

# Seconds from Unix second $1 to the event run_started in $2.
until_started()
{
	perl -MTime::Local -e '
		my ($began, $file) = @ARGV; open(my $in, "<", $file) or die; my $line = <$in>;
		$line =~ /"event":"run_started","time":"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)\.(\d+)Z"/ or die "no run_started in $file";
		printf "%.3f", timegm($6, $5, $4, $3, $2 - 1, $1) + $7 / 1000 - $began' "$1" "$2"
}

manifest() # name jobs
{
	cat <<EOF
version: 1
name: $1
backend: fake
params: {prompt: "a tiny file", duration: 0.1}
sweep: {seed: 1..$2}
output: {dir: $1}
EOF
}

# Both in turns: whatever else the machine does meets both. The other's command makes one job of {}.
tiny() # what folder limit otherwhat command...
{
	what=$1 folder=$2 limit=$3 otherwhat=$4
	shift 4
	ours=0 other=0
	for round in $(seq $rounds); do
		timed 0 "$mgbatch" run tiny.yaml -q --output "$folder/tiny$round-$limit"
		ours=$(calc "$ours + $wall * 1000 / $files / $rounds")
		mkdir -p "$folder/others"
		timed 0 parallel --will-cite --joblog "$folder/log" -a lines "$@"
		other=$(calc "$other + $wall * 1000 / $others / $rounds")
		rm -rf "$folder/log" "$folder/others"
	done
	figure "$what" "$ours" ms "$other" ms "$limit" "$otherwhat"
}

# ---- many files -------------------------------------------------------------------------------------------------------

# First: ext4 without a journal is slow to make files for minutes after many were removed.
manifest tiny "$files" >tiny.yaml
if parallel --version 2>/dev/null | grep -q GNU; then
	seq "$others" >lines
	tiny "$files tiny jobs, synced, each" . 0.05 'GNU parallel, dd conv=fsync' \
		"dd if=/dev/zero of=others/{} bs=$bytes count=1 conv=fsync status=none"
	tiny '  the same, where the other syncs nothing' . none 'GNU parallel, true' true
	if [ -w /dev/shm ]; then
		memory=$(mktemp -d /dev/shm/mgbatch-bench.XXXXXX)
		tiny '  the same in memory' "$memory" 0.050 'GNU parallel, true' true
		rm -rf "$memory"
	fi
else
	echo 'tiny jobs: SKIP: GNU parallel is not here (tools/install-deps bench)'
fi
timed 0 "$mgbatch" run tiny.yaml
first=$wall
timed 0 "$mgbatch" run tiny.yaml
figure 'a second run of them' "$wall" s "$first" s 0.333 'the first'
# ---- many rows --------------------------------------------------------------------------------------------------------

manifest many "$jobs" >many.yaml
timed 3 "$mgbatch" run many.yaml --limit 1 --json
first=$wall
peak_mib=$(calc "$(sed -n 's/.*"memory_peak_bytes": *\([0-9]*\).*/\1/p' stdout) / 1048576")
ledger=many/.mgbatch/ledger.db

# An id is 32 bytes, which CSV cannot hold: 32 of its digits take the same room, and are as unique.
columns=$(sqlite3 "$ledger" "SELECT group_concat(CASE name WHEN 'id' THEN 'substr(hex(id), 1, 32)' ELSE name END, ', ') FROM pragma_table_info('job')")
sqlite3 -csv "$ledger" "SELECT $columns FROM job ORDER BY seq" >rows.csv
sqlite3 "$ledger" .schema >schema.sql
enrols=$(perl -MTime::HiRes=time -e 'printf "%.3f", time')
"$mgbatch" run many.yaml --output again --limit 1 -q --events again.events 2>/dev/null &
timed 0 sqlite3 import.db '.read schema.sql' 'PRAGMA journal_mode = WAL' 'PRAGMA synchronous = NORMAL' 'PRAGMA cache_size = -65536' \
	'.mode csv' '.import rows.csv job'
[ "$(sqlite3 import.db 'SELECT count(*) FROM job')" = "$jobs" ] || { echo 'bench_scale: the shell did not import all rows'; exit 1; }
import=$wall
wait $! && { echo 'bench_scale: the second enrolment made all its jobs'; exit 1; }
figure "enrolment of $jobs jobs" "$(until_started "$enrols" again.events)" s "$import" s 1.5 'sqlite3 .import of its rows'
figure 'its memory at most' "$peak_mib" MiB 1024 MiB 1 'allowed'
rm -rf rows.csv import.db* again

timed 0 "$mgbatch" status many
figure 'status, all waiting' "$cpu" s 1 s 1 'allowed'
timed 0 "$mgbatch" run many.yaml -q
first=$(calc "$first + $wall")
timed 0 "$mgbatch" status many
figure 'status, all done' "$cpu" s 1 s 1 'allowed'
timed 0 "$mgbatch" run many.yaml
figure "a second run of all $jobs" "$wall" s "$first" s 0.333 'the first, which made them'
exit $missed
