# parts.sh: sourced by the tests of this folder, after lib.sh.
#
#   same_folder A B     prints what differs: audio files and metadata.jsonl byte for byte; report.html, jobs.csv and summary.json
#                       without what tells of times, tries, and the number of the run that put an old file away
#   beside F X Y ..     runs "F X" and "F Y" beside one another, each in a folder of its name, then tells what they printed,
#                       lines of TAP without numbers; "sum N" adds to $sum
#
# What the parts print is kept in X.tap until all have ended.

# An old file lies under the number of the run that put it away.
steady_report() { sed -E 's|old/[0-9]+/|old/|g' "$1/report.html"; }

steady_rows() # the columns are named in the first line
{
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) drop[i] = $i ~ /^(tries|interruptions|deaths|class|sentence|started|ended|make_seconds)$/ }
		{ line = ""; for (i = 1; i <= NF; i++) if (!drop[i]) line = line "," $i; sub(/old\/[0-9]*\//, "old/", line); print line }' "$1/jobs.csv"
	grep -vE '"(started|ended|throughput)"' "$1/summary.json"
}

same_folder()
{
	diff -rq --exclude=.mgbatch --exclude=report.html --exclude=jobs.csv --exclude=summary.json "$1" "$2"
	for steady in steady_report steady_rows; do
		$steady "$1" >steady.want
		$steady "$2" | diff steady.want - | cut -c1-200 | head -20
	done
}

part() # function name
{
	mkdir -p "$2"
	cd "$2" || return
	"$1" "$2"
}

beside()
{
	beside_of=$1
	shift
	sum=0
	for beside_part; do
		(part "$beside_of" "$beside_part") >"$beside_part.tap" 2>"$beside_part.err" &
	done
	wait
	for beside_part; do
		while read -r line; do
			case $line in
			'ok - '*) tap 0 "${line#ok - }" ;;
			'not ok - '*) tap 1 "${line#not ok - }" ;;
			'sum '*) sum=$((sum + ${line#sum })) ;;
			*) echo "$line" ;;
			esac
		done <"$beside_part.tap"
		[ ! -s "$beside_part.err" ]
		tap $? "$beside_part: the test's own commands have nothing to say" || sed 's/^/# /' "$beside_part.err" | head -20
	done
}
