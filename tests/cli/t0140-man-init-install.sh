#!/bin/sh
# The manual page without a complaint of two roffs; init, which never writes over anything; make install.
. "$(dirname "$0")/lib.sh"

# ---- the manual page
run 0 mgbatch --man
mv stdout mgbatch.1
for section in NAME SYNOPSIS DESCRIPTION VERBS OPTIONS EVENTS 'EXIT STATUS' FILES ENVIRONMENT EXAMPLES; do
	ok "it has $section" grep -qx "\\.SH $section" mgbatch.1
done
is "$(awk 'length > 80' mgbatch.1)" '' 'no line of the source is longer than 80'
if command -v mandoc >/dev/null; then
	is "$(mandoc -T lint -W warning mgbatch.1 2>&1)" '' 'mandoc has no warning'
	mandoc -T ascii mgbatch.1 | col -b >page.txt
	has page.txt 'run MANIFEST'
	has page.txt '--remake-stale'
else
	tap 0 '# SKIP there is no mandoc'
fi
if command -v groff >/dev/null; then
	is "$(groff -man -ww -Tascii mgbatch.1 2>&1 >/dev/null)" '' 'groff has no warning'
else
	tap 0 '# SKIP there is no groff'
fi

# ---- init
run 0 mgbatch init
same stdout <<'EOF'
manifest.yaml: a manifest of 8 jobs, and beside it manifest.schema.json for editors
next: mgbatch check manifest.yaml
EOF
ok 'the schema is that of schema' sh -c "'$BUILD/mgbatch' schema | cmp - manifest.schema.json"
has manifest.yaml '# yaml-language-server: $schema=manifest.schema.json'
run 0 mgbatch check manifest.yaml --backend fake
is "$(cat stderr)" '' 'without a warning'
has stdout '8 jobs, no mistakes'
if [ -f "$ROOT/tests/data/model/config.json" ]; then
	run 0 mgbatch check manifest.yaml --checkpoint "$ROOT/tests/data/model"
	is "$(cat stderr)" '' 'nor with a checkpoint'
fi
run 0 mgbatch run manifest.yaml --backend fake -q
# Its commented part is a manifest too.
sed 's/^# \(sets:\)/\1/; s/^#\(   *[a-z]*:.*\)/ \1/' manifest.yaml >sets.yaml
run 0 mgbatch check sets.yaml --backend fake
has stdout '14 jobs, no mistakes'

cp manifest.yaml before.yaml
echo mine >manifest.schema.json
run 2 mgbatch init
same stderr <<'EOF'
mgbatch: 'manifest.yaml' is there already and is left as it is; name another file: mgbatch init FILE
EOF
ok 'it is left as it is' cmp manifest.yaml before.yaml
run 0 mgbatch init other.yaml
same stdout <<'EOF'
other.yaml: a manifest of 8 jobs
next: mgbatch check other.yaml
EOF
is "$(cat manifest.schema.json)" mine 'a schema that is there is left too'
ln -s nowhere dangling.yaml
run 2 mgbatch init dangling.yaml
ok 'a link is not followed' test ! -e nowhere
mkdir new
run 0 mgbatch init new/m.yaml -q
is "$(cat stdout stderr)" '' 'quiet'
ok 'the schema lies beside it' test -f new/manifest.schema.json
run 5 mgbatch init none/m.yaml
has stderr "cannot make 'none/m.yaml': its folder is not there; make that first"
run 0 mgbatch init -
ok 'on standard output the same' cmp stdout before.yaml

# ---- install
if command -v make >/dev/null; then
	# -o all: what is being tested is installed, not built again
	env -u MAKEFLAGS -u MAKELEVEL make -s -o all -C "$ROOT" install BUILD="$BUILD" DESTDIR="$PWD/root" PREFIX=/opt/mg >install.log 2>&1
	is "$?" 0 'make install' || sed 's/^/# /' install.log
	is "$(cd root && find . -type f | sort | tr '\n' ' ')" \
		'./opt/mg/bin/mgbatch ./opt/mg/share/bash-completion/completions/mgbatch ./opt/mg/share/man/man1/mgbatch.1 ./opt/mg/share/zsh/site-functions/_mgbatch ' \
		'four files'
	is "$(root/opt/mg/bin/mgbatch --version)" "$(mgbatch --version)" 'the program runs from there'
	ok 'the manual page is the one' cmp mgbatch.1 root/opt/mg/share/man/man1/mgbatch.1
else
	tap 0 '# SKIP there is no make'
fi
done_testing
