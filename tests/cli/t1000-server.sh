#!/bin/sh
# The scripted server of the hosted API (tests/server) is as strict as its README says: by curl, check by check.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null 2>&1 || skip_all 'python3 is not here'
command -v curl >/dev/null 2>&1 || skip_all 'curl is not here'
SERVER=$ROOT/tests/server
AUTH=key_for_tests:secret_for_tests
MODEL=generate/custom/model_meta-musicgen
export no_proxy='*' PYTHONDONTWRITEBYTECODE=1
pids=
# shellcheck disable=SC2154 # set in it
trap 'for pid in $pids; do kill "$pid" 2>/dev/null; done' EXIT

start() # options of scenario.py...: sets url, server; the book is ./book
{
	rm -f ready book
	python3 "$SERVER/scenario.py" --ready ready --book book --for 120 --job-ms 60 --upload-ms 20 "$@" &
	server=$!
	pids="$pids $server"
	await test -s ready
	url=$(sed -n 1p ready)
}
# Without a message of the shell about the end.
stop() { kill "$1" && { wait "$1" 2>/dev/null || true; }; }

ask() # name, status, words of the answer, arguments of curl
{
	ask_name=$1 ask_want=$2 ask_words=$3
	shift 3
	ask_got=$(: >answer; curl -s -o answer -w '%{http_code}' "$@")
	[ "$ask_got" = "$ask_want" ] && { [ -z "$ask_words" ] || grep -qF -- "$ask_words" answer; }
	tap $? "$ask_want $ask_words: $ask_name" || { echo "# status $ask_got"; say_file answer; }
}
get() { ask "$3" "$1" "$2" -u "$AUTH" "$url/$3"; } # status, words, path
post() # status, words, path, body
{
	ask "${3%%\?*} $(printf %s "$4" | cut -c 1-90)" "$1" "$2" -u "$AUTH" -H 'Content-Type: application/json' -d "$4" "$url/$3"
}
field() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" answer; } # name: its text in the answer
rows() { grep -cF "\"is\": \"$1\"" book; }
fails() # exit status of curl, name, arguments of curl
{
	fails_want=$1 fails_name=$2
	shift 2
	curl -s -o answer "$@"
	is $? "$fails_want" "$fails_name: curl ends with $fails_want"
}
soon() # words, path: polls until the answer has them
{
	soon_words=$1 soon_path=$2
	# shellcheck disable=SC2016 # its own arguments
	await sh -c 'curl -s -u "$1" "$2" | grep -qF -- "$3"' - "$AUTH" "$url/$soon_path" "$soon_words"
	curl -s -o answer -u "$AUTH" "$url/$soon_path"
}

echo '# who may ask'
start
ask 'a wrong secret' 401 Unauthorized -u key_for_tests:wrong "$url/jobs"
ask 'a wrong key' 401 Unauthorized -u other:secret_for_tests "$url/jobs"
ask 'nobody' 401 Unauthorized "$url/jobs"
ask 'Bearer' 401 Unauthorized -H "Authorization: Bearer $(printf %s "$AUTH" | base64)" "$url/jobs"
get 403 projectId 'jobs?projectId=proj_other'
get 200 '"jobs": []' 'jobs?projectId=proj_test'
get 404 'there is no' nothing
get 400 colour 'jobs?colour=red'
get 400 twice 'jobs?pageSize=1&pageSize=2'
get 400 status 'jobs?status=running'
ask 'a GET with a body' 400 body -u "$AUTH" -X GET -d x "$url/jobs"
get 404 model_other models/model_other
get 200 classifierFreeGuidance models/model_meta-musicgen
get 200 '"models"' 'models?pageSize=1'
get 400 pageSize 'models?pageSize=501'

echo '# what a job may be'
while IFS='|' read -r status words body; do
	post "$status" "$words" "$MODEL" "$body"
done <<'END'
400|no JSON|{"prompt": "a"
400|object|["prompt"]
400|twice|{"prompt": "a", "prompt": "b"}
400|topK|{"prompt": "a", "topK": 250}
400|prompt|{"prompt": null}
400|prompt|{"prompt": 5}
400|duration|{"prompt": "a", "duration": "8"}
400|duration|{"prompt": "a", "duration": true}
400|duration|{"prompt": "a", "duration": 0.5}
400|duration|{"prompt": "a", "duration": 30.5}
400|no JSON|{"prompt": "a", "duration": NaN}
400|seed|{"prompt": "a", "seed": 1.5}
400|temperature|{"prompt": "a", "temperature": 1e999}
400|continuation|{"prompt": "a", "continuation": "yes"}
400|modelVersion|{"prompt": "a", "modelVersion": "small"}
400|classifierFreeGuidance|{"prompt": "a", "classifierFreeGuidance": 11}
400|prompt|{"duration": 8}
400|inputAudio|{"prompt": "a", "continuation": true}
400|continuationEnd|{"prompt": "a", "continuationStart": 5, "continuationEnd": 5}
400|multiBandDiffusion|{"prompt": "a", "multiBandDiffusion": true}
400|melody|{"prompt": "a", "inputAudio": "asset_x", "modelVersion": "large"}
404|inputAudio|{"prompt": "a", "inputAudio": "asset_x"}
END
ask 'no content type' 400 Content-Type -u "$AUTH" -H 'Content-Type:' -d '{"prompt": "a"}' "$url/$MODEL"
{ printf '{"prompt": "'; head -c 10000000 /dev/zero | tr '\0' a; printf '"}'; } >huge.json
ask 'a body over 10 MB' 413 'too large' -u "$AUTH" -H 'Content-Type: application/json' -d @huge.json "$url/$MODEL"
post 404 model_other generate/custom/model_other '{"prompt": "a"}'
post 400 dryRun "$MODEL?dryRun=yes" '{"prompt": "a"}'
is "$(rows submission)" 0 'nothing of it was paid for'
post 200 '"creativeUnitsCost": 6.0' "$MODEL?dryRun=true" '{"prompt": "a"}'
post 200 '"creativeUnitsCost": 8.5' "$MODEL?dryRun=true" '{"prompt": "a", "duration": 14, "modelVersion": "large", "multiBandDiffusion": true}'
post 400 duration "$MODEL?dryRun=true" '{"prompt": "a", "duration": 31}'
is "$(rows dry_run) $(rows submission)" '2 0' 'two prices were told, nothing was paid for'

echo '# a job from acceptance to its sound'
post 200 '"creativeUnitsCost": 4.5' "$MODEL?projectId=proj_test" '{"prompt": "b", "duration": 2, "dryRun": true}'
job=$(field jobId)
has book '"dry_run_in_body": true'
is "$(rows submission)" 1 'dryRun in the body: a paid job'
soon '"status": "success"' "jobs/$job"
asset=$(sed -n 's/.*"assetIds": \["\([^"]*\)"\].*/\1/p' answer)
get 200 '"url": "http' "assets/$asset"
signed=$(field url)
curl -s -o sound.wav "$signed"
python3 "$SERVER/sounds.py" '{"prompt": "b", "duration": 2}' >want.wav
ok 'the sound is made from the inputs alone' cmp sound.wav want.wav
has book "$(sha256sum <want.wav | cut -d ' ' -f 1)"
head -c 1000 want.wav >part.wav
curl -s -C 1000 -o part.wav "$signed"
ok 'a range completes a file' cmp part.wav want.wav
etag=$(curl -s -D - -o ok.out "$signed" | sed -n 's/^ETag: \(.*\)\r$/\1/p')
ask 'If-Range with its tag' 206 '' -H 'Range: bytes=1000-' -H "If-Range: $etag" "$signed"
is "$(wc -c <answer)" $(($(wc -c <want.wav) - 1000)) 'the rest'
ask 'a range behind the end' 416 'Content-Range: bytes */256044' -i -H 'Range: bytes=999999999-' "$signed"
curl -s -o whole.wav -H 'Range: bytes=1000-' -H 'If-Range: "another"' "$signed"
ok 'If-Range with another tag: the whole file' cmp whole.wav want.wav
post 400 action "jobs/$job/action" '{"action": "stop"}'
post 400 'Cannot cancel' "jobs/$job/action" '{"action": "cancel"}'
get 404 job_x jobs/job_x
get 404 asset_x assets/asset_x
get 404 upload_x uploads/upload_x
is "$(rows leak)" 0 'no credentials have leaked yet'
ask 'a URL without its last name' 403 AccessDenied "${signed%&*}"
ask 'a URL that was encoded' 403 AccessDenied "$(echo "$signed" | sed 's/~/%7E/')"
ask 'another signature' 403 AccessDenied "$(echo "$signed" | sed 's/\(Signature=.\)../\1zz/')"
ask 'credentials at the storage' 400 InvalidArgument -u "$AUTH" "$signed"
is "$(rows leak)" 1 'and are a leak'
curl -s -o answer -H 'X-Key: key_for_tests' "$signed"
has book '"where": "header x-key"'
curl -s -o answer -u "$AUTH" -d secret_for_tests "$url/jobs"
has book '"where": "body"'
has book '"where": "authorization"'
curl -s -o answer -u "$AUTH" "$url/jobs?paginationToken=secret_for_tests"
has book '"where": "URL"'

echo '# uploads'
while IFS='|' read -r words body; do
	post 400 "$words" uploads "$body"
done <<'END'
fileSize|{"fileName": "a.wav", "contentType": "audio/wav", "kind": "audio", "parts": 1}
fileSize|{"fileName": "a.wav", "contentType": "audio/wav", "kind": "audio", "parts": 1, "fileSize": 1.5}
fileSize|{"fileName": "a.wav", "contentType": "audio/wav", "kind": "audio", "parts": 1, "fileSize": 0}
tags|{"fileName": "a.wav", "contentType": "audio/wav", "kind": "audio", "parts": 1, "fileSize": 10, "tags": []}
kind|{"fileName": "a.wav", "contentType": "audio/wav", "kind": "sound", "parts": 1, "fileSize": 10}
contentType|{"fileName": "a.flac", "contentType": "audio/flac", "kind": "audio", "parts": 1, "fileSize": 10}
fileName|{"fileName": "a.mp3", "contentType": "audio/wav", "kind": "audio", "parts": 1, "fileSize": 10}
parts|{"fileName": "a.wav", "contentType": "audio/wav", "kind": "audio", "parts": 0, "fileSize": 10}
5 MB|{"fileName": "a.wav", "contentType": "audio/wav", "kind": "audio", "parts": 2, "fileSize": 10000000}
END
upload() # file, parts: sets id and the URLs of parts in ./urls
{
	upload_size=$(($(wc -c <"$1")))
	post 200 '"status": "pending"' uploads \
		"{\"fileName\": \"a.wav\", \"contentType\": \"audio/wav\", \"kind\": \"audio\", \"parts\": $2, \"fileSize\": $upload_size}"
	id=$(sed -n 's/.*"id": "\(upload_[^"]*\)".*/\1/p' answer)
	grep -o "\"url\": \"[^\"]*" answer | cut -d '"' -f 4 >urls
}
put() { curl -s -o answer -w '%{http_code}' "$@"; } # -T file.. URL
DONE='{"action": "complete"}'
upload want.wav 1
post 400 'number 1 is not there' "uploads/$id/action" "$DONE"
is "$(put -T want.wav -u "$AUTH" "$(cat urls)")" 400 'a part with credentials is refused'
is "$(put -T want.wav -H 'Content-Type: audio/mpeg' "$(cat urls)")" 403 'a part of another type is refused'
is "$(put -X PUT "$(cat urls)")" 411 'a part without its length is refused'
is "$(put -T want.wav "$(cat urls)x")" 403 'a part by a changed URL is refused'
is "$(put -T part.wav "$(cat urls)")" 200 'a part'
post 400 action "uploads/$id/action" '{"action": "upload-complete"}'
post 200 validating "uploads/$id/action" "$DONE"
soon '"status": "imported"' "uploads/$id"
input=$(field entityId)
has book "\"sha256\": \"$(sha256sum <want.wav | cut -d ' ' -f 1)\""
post 200 jobId "$MODEL" "{\"inputAudio\": \"$input\", \"duration\": 1}"
has book "\"input_sha256\": \"$(sha256sum <want.wav | cut -d ' ' -f 1)\""
post 400 'complete already' "uploads/$id/action" "$DONE"
is "$(put -T part.wav "$(cat urls)")" 404 'a part of a complete upload is refused'
upload want.wav 1
put -T sound.wav "$(cat urls)" >/dev/null
printf 'x' | put -T - -H 'Content-Length: 1' -H 'Transfer-Encoding:' "$(cat urls)" >/dev/null
post 400 fileSize "uploads/$id/action" "$DONE"
head -c 300 /dev/zero >zero.wav
upload zero.wav 1
put -T zero.wav "$(cat urls)" >/dev/null
post 200 validating "uploads/$id/action" "$DONE"
soon '"status": "failed"' "uploads/$id"
has answer errorMessage
{ cat want.wav; head -c 12000000 /dev/zero; } >long.wav
upload long.wav 2
head -c 5000000 long.wav >long.1
tail -c +5000001 long.wav >long.2
put -T long.1 "$(sed -n 1p urls)" >/dev/null
put -T long.2 "$(sed -n 2p urls)" >/dev/null
post 400 'under 5 MB' "uploads/$id/action" "$DONE"
head -c 6000000 long.wav >long.1
tail -c +6000001 long.wav >long.2
put -T long.1 "$(sed -n 1p urls)" >/dev/null
put -T long.2 "$(sed -n 2p urls)" >/dev/null
post 200 validating "uploads/$id/action" "$DONE"
has book "$(sha256sum <long.wav | cut -d ' ' -f 1)"

is "$(python3 "$SERVER/read_book.py" paid book)" '2 2 9.25' 'two jobs were paid for'
ok 'none of them twice' python3 "$SERVER/read_book.py" paid book
post 200 jobId "$MODEL" '{"prompt": "b", "duration": 2}'
ok 'the same again: seen' sh -c "! python3 '$SERVER/read_book.py' paid book"

echo '# the list'
curl -s -o answer -u "$AUTH" "$url/jobs?pageSize=3"
is "$(grep -o '"jobId"' answer | wc -l)" 3 'a page of three'
first=$(cat answer)
get 200 "$job" "jobs?pageSize=200&types=custom"
hasnt answer '"jobType": "upload"'
echo "$first" >answer
get 200 '"jobs"' "jobs?pageSize=3&paginationToken=$(field nextPaginationToken)"
second=$(grep -o '"jobId": "[^"]*"' answer)
ok 'the next page has other jobs' test -n "$second"
is "$(echo "$first" | grep -cF "$second")" 0 'and none of the first'
get 400 pageSize 'jobs?pageSize=201'
get 400 paginationToken 'jobs?paginationToken=7'
is "$(python3 "$SERVER/read_book.py" count book leak where=authorization)" 2 'leaks can be counted'
ok 'and are no clean book' sh -c "! python3 '$SERVER/read_book.py' clean book"
stop "$server"

echo '# limits'
start --rate-limit 3 --clock-rate 30 --need-project
get 403 projectId jobs
for project in proj_test proj_test proj_test; do curl -s -o answer -u "$AUTH" "$url/jobs?projectId=$project"; done
curl -s -i -o answer -u "$AUTH" "$url/jobs?projectId=proj_test"
has answer 'HTTP/1.1 429'
ok "Retry-After is of the service's time" grep -qE '^Retry-After: ([1-5]?[0-9]|60).$' answer
is "$(rows limited)" 1 'the refusal is in the book'
soon '"jobs"' 'jobs?projectId=proj_test'
tap 0 'a minute of the service later it answers'
stop "$server"
echo '[{"on": "submit", "prompt": "long", "do": "job_ms", "ms": 100000}]' >cases
start --cases cases --jobs-limit 1 --credits 13 --price 6 --cancel all --dry-run-status 402 --url-ms 1
post 402 estimatedCost "$MODEL?dryRun=true" '{"prompt": "a"}'
post 200 '"creativeUnitsCost": 6' "$MODEL" '{"prompt": "long"}'
job=$(field jobId)
post 429 '"actionLimit": 1' "$MODEL" '{"prompt": "b"}'
post 200 jobId "jobs/$job/action" '{"action": "cancel"}'
get 200 '"status": "canceled"' "jobs/$job"
is "$(rows cancel)" 1 'the cancel is in the book'
post 200 jobId "$MODEL" '{"prompt": "b"}'
job=$(field jobId)
soon assetIds "jobs/$job"
get 200 url "assets/$(sed -n 's/.*"assetIds": \["\([^"]*\)"\].*/\1/p' answer)"
ask 'a signed URL' 403 expired "$(field url)"
post 402 creative "$MODEL" '{"prompt": "c"}'
stop "$server"

echo '# faults'
bad_case() # words, rules
{
	echo "$2" >cases
	timeout 10 python3 "$SERVER/scenario.py" --cases cases --for 5 >stdout 2>stderr
	is $? 1 "a case file that is wrong: $2"
	has stderr "$1"
}
bad_case '"do" must be' '[{"on": "poll", "do": "explode"}]'
bad_case 'unknown key "nht"' '[{"on": "poll", "do": "500", "nht": 1}]'
cat >cases <<'END'
[{"on": "submit", "nth": 1, "do": "500", "html": true},
 {"on": "submit", "nth": 2, "do": "503", "when": "after", "retry_after": 7},
 {"on": "submit", "nth": 3, "do": "lost"},
 {"on": "submit", "nth": 4, "do": "reset"},
 {"on": "submit", "nth": 5, "do": "cut"},
 {"on": "submit", "nth": 6, "do": "429", "action_limit": 2, "remaining_seconds": 9},
 {"on": "submit", "prompt": "fails", "do": "failed", "error": {"message": "no tune"}},
 {"on": "submit", "prompt": "sticks", "do": "stuck"},
 {"on": "submit", "prompt": "odd", "do": "word", "word": "thinking", "at": "success"},
 {"on": "submit", "prompt": "twin", "do": "twin"},
 {"on": "submit", "prompt": "gone", "do": "gone"},
 {"on": "asset", "nth": 1, "do": "expired"},
 {"on": "asset", "nth": 3, "do": "gone"},
 {"on": "download", "nth": 2, "do": "cut", "keep": 100},
 {"on": "download", "nth": 3, "do": "wrong_length", "by": 10},
 {"on": "download", "nth": 4, "do": "wrong_bytes"},
 {"on": "download", "nth": 5, "do": "empty"},
 {"on": "model", "nth": 1, "do": "bad_json"},
 {"on": "model", "nth": 2, "do": "slow", "ms": 400},
 {"on": "model", "nth": 3, "do": "down", "ms": 1000}]
END
start --cases cases --state state
post 500 '<html>' "$MODEL" '{"prompt": "1"}'
is "$(rows submission)" 0 'before acceptance'
post 503 reason "$MODEL" '{"prompt": "2"}'
is "$(rows submission)" 1 'after acceptance'
JSON='Content-Type: application/json'
fails 52 'an answer lost' -u "$AUTH" -H "$JSON" -d '{"prompt": "3"}' "$url/$MODEL"
is "$(rows submission)" 2 'lost after acceptance'
fails 56 'a reset' -u "$AUTH" -H "$JSON" -d '{"prompt": "4"}' "$url/$MODEL"
is "$(rows submission)" 2 'reset before acceptance'
fails 18 'a cut body' -u "$AUTH" -H "$JSON" -d '{"prompt": "5"}' "$url/$MODEL"
is "$(rows submission)" 3 'cut after acceptance'
post 429 '"remainingSeconds": 9' "$MODEL" '{"prompt": "6"}'
post 200 jobId "$MODEL" '{"prompt": "it fails"}'
failing=$(field jobId)
post 200 jobId "$MODEL" '{"prompt": "it sticks"}'
sticking=$(field jobId)
post 200 jobId "$MODEL" '{"prompt": "odd", "duration": 1}'
job=$(field jobId)
soon thinking "jobs/$job"
asset=$(sed -n 's/.*"assetIds": \["\([^"]*\)"\].*/\1/p' answer)
post 200 jobId "$MODEL" '{"prompt": "gone"}'
get 404 'was not found' "jobs/$(field jobId)"
post 200 jobId "$MODEL" '{"prompt": "twin"}'
get 200 twin jobs
is "$(grep -o '"prompt": "twin"' answer | wc -l) $(grep -c '"prompt": "twin"' book)" '2 1' 'a twin is listed, not paid for'
get 200 '"error": {"message": "no tune"}' "jobs/$failing"
get 200 '"status": "in-progress"' "jobs/$sticking"
get 200 url "assets/$asset"
ask 'a signed URL' 403 expired "$(field url)"
get 200 url "assets/$asset"
signed=$(field url)
fails 18 'a download that is cut' "$signed"
is "$(wc -c <answer | tr -d ' ')" 100 'after a hundred bytes'
fails 18 'a wrong length' "$signed"
ask 'wrong bytes' 200 'not a sound' "$signed"
is "$(curl -s "$signed" | wc -c | tr -d ' ')" 0 'an empty file'
get 404 "$asset" "assets/$asset"
ask 'what is gone cannot be had by an old URL' 404 NoSuchKey "$signed"
get 200 '"model"' models/model_meta-musicgen
ok 'bad JSON is bad' sh -c '! python3 -m json.tool answer'
before=$(date +%s%N)
get 200 '"model"' models/model_meta-musicgen
ok 'the book of faults is clean' python3 "$SERVER/read_book.py" clean book
ok 'a slow answer is slow' test $((($(date +%s%N) - before) / 1000000)) -ge 400
fails 56 'going down' "$url/models/model_meta-musicgen"
fails 7 'refused while it is down' "$url/models/model_meta-musicgen"
soon capabilities models/model_meta-musicgen
is "$(rows down) $(rows up)" '1 1' 'it went down and came up'

echo '# a restart, TLS and HTTP/2'
kill -9 "$server" && { wait "$server" 2>/dev/null || true; }
port=${url#*:*:}
start --state state --port "${port%%/*}"
get 200 thinking "jobs/$job"
post 200 jobId "$MODEL" '{"prompt": "after"}'
stop "$server"
rm -f ready
python3 "$SERVER/front.py" --ready ready --work front -- --book book2 --for 60 >front.out 2>&1 &
front=$!
pids="$pids $front"
await sh -c 'test -s ready || grep -q SKIP front.out'
if grep -q SKIP front.out; then
	echo "ok $((tap_n += 1)) # SKIP $(cat front.out)"
else
	url=$(sed -n 1p ready)
	is "$(curl -s -o answer -w '%{http_version} %{http_code}' --cacert "$(sed -n 3p ready)" -u "$AUTH" "$url/jobs")" '2 200' \
		'through a front: TLS, HTTP/2'
	stop "$front"
fi
done_testing
