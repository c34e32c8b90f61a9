#!/bin/sh
# --events: every line is JSON, in the order in which things happen; a reader that goes away stops nothing.
. "$(dirname "$0")/lib.sh"
command -v sqlite3 >/dev/null || skip_all 'there is no sqlite3 to read JSON with'

cat >m.yaml <<'EOF'
version: 1
name: study
backend: fake
params: {prompt: "rain", duration: 1}
sweep: {seed: 1..20}
EOF

ask() # file of lines, query of e(j): prints the answer
{
	printf '.mode ascii\n.separator "\\001" "\\n"\ncreate table e(j);\n.import %s e\n.mode list\n.separator "|" "\\n"\n%s;\n' "$1" "$2" |
		sqlite3 :memory:
}
answer() # file, want, query, name
{
	is "$(ask "$1" "$3")" "$2" "$4"
}

run 0 mgbatch run m.yaml --events ev
answer ev 0 'select count(*) from e where not json_valid(j)' 'every line is JSON'
answer ev 0 "select count(*) from e where j->>'version' <> 1 or julianday(j->>'time') is null" 'with version and time'
answer ev 'run_started|20|0|20|study|fake' "select j->>'event', j->>'jobs_total', j->>'done', j->>'waiting', j->>'manifest', j->>'backend'
	from e where rowid = 1" 'run_started is the first, with counts'
answer ev 'run_ended|0|20|0' "select j->>'event', j->>'exit_status', j->>'done', j->>'waiting' from e order by rowid desc limit 1" \
	'run_ended is the last'
answer ev 20 "select count(distinct j->>'id') from e where j->>'event' = 'job_started'" 'each job begins'
answer ev 20 "select count(distinct j->>'id') from e where j->>'event' = 'job_done' and j->>'bytes' > 0" 'and is done'
answer ev 20 "select count(*) from e a join e b on a.j->>'id' = b.j->>'id'
	where a.j->>'event' = 'job_started' and b.j->>'event' = 'job_done' and a.rowid < b.rowid" 'after it began'
id=$(ask ev "select j->>'id' from e where j->>'event' = 'job_done' limit 1")
is "$(mgbatch show m.yaml "$id" --json | sed -n 's/.*"pcm_sha256": "\(.*\)",*/\1/p')" \
	"$(ask ev "select j->>'pcm_sha256' from e where j->>'event' = 'job_done' and j->>'id' = '$id'")" 'ids and hashes are those of show'

# Appended, also after a line that a death cut.
printf '{"version":1,"event":"no' >>ev
run 0 mgbatch run m.yaml --events ev
answer ev 1 'select count(*) from e where not json_valid(j)' 'the cut line stays alone'
answer ev 2 "select count(*) from e where json_valid(j) and json_extract(j, '$.event') = 'run_started'" 'the second run is appended'

# Failures, as facts.
cat >bad.yaml <<'EOF'
version: 1
name: bad
backend: fake
run: {tries: 2}
params: {prompt: "rain", duration: 1}
fake: {fail: io}
EOF
run 1 mgbatch run bad.yaml --events bad.ev
answer bad.ev 'io|1|2|1
io|2|2|0' "select j->>'class', j->>'try', j->>'tries', j->>'again_in_seconds' is not null from e where j->>'event' = 'job_failed'" 'two tries'
answer bad.ev 'run_ended|1|1' "select j->>'event', j->>'exit_status', j->>'failed' from e order by rowid desc limit 1" 'and the end'

# Standard output is the events' alone.
run 0 mgbatch run m.yaml --events -
answer stdout 0 'select count(*) from e where not json_valid(j)' 'with - standard output has nothing else'
has stderr 'study: 20 of 20 jobs done'
run 2 mgbatch run m.yaml --events - --json
has stderr 'both write to standard output'

# What cannot be had is said before anything runs.
cp m.yaml before.yaml
run 2 mgbatch run m.yaml --events m.yaml
has stderr "'m.yaml' is there and holds no events"
ok 'and the manifest is as it was' cmp m.yaml before.yaml
run 2 mgbatch run m.yaml --events none/ev
has stderr "--events: cannot write to 'none/ev': No such file or directory"
run 2 mgbatch run m.yaml --events .
has stderr 'Is a directory'

# Another run holds the folder: that is an end too.
sed 's/study/slow/' m.yaml >slow.yaml
echo 'fake: {delay: 30s}' >>slow.yaml
mkfifo fifo
"$BUILD/mgbatch" run slow.yaml --events fifo >out.txt 2>err.txt &
pid=$!
exec 3<fifo
while read -r line <&3; do
	case $line in *job_started*) break ;; esac
done
run 4 mgbatch run slow.yaml --events locked.ev
answer locked.ev 'run_ended|4' "select j->>'event', j->>'exit_status' from e" 'a locked folder: run_ended alone'
run 4 mgbatch run slow.yaml --json
has stdout '"exit_status": 4'
has stderr 'another run works in'

# The reader goes away in the middle; the run does not care, and ends when it is told to.
exec 3<&-
kill -TERM $pid
await grep -q finishing err.txt
kill -TERM $pid
wait $pid
is "$?" 143 'a run whose reader went away ends as it would'

rm -rf out
"$BUILD/mgbatch" run m.yaml --events fifo >out.txt 2>err.txt &
pid=$!
head -n 1 fifo >first
wait $pid
is "$?" 0 'a reader of one line stops no run'
answer first run_started "select j->>'event' from e" 'it got the first'
has out.txt '20 of 20 jobs done'
if [ -w /dev/full ]; then
	rm -rf out
	run 0 mgbatch run m.yaml --events /dev/full
	is "$(grep -c 'No space left on device; the run goes on without them' stderr)" 1 'a full disk stops none either, and is said once'
fi
done_testing
