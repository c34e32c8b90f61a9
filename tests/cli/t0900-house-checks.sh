#!/bin/sh
# The three checks of `make check` find what they are for: a small tree that passes, and one fault at a time.
cd "$(dirname "$0")/../.." || exit 1
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
n=0

say() # OK-or-not, name
{
	n=$((n + 1))
	echo "$1 $n - $2"
}

fresh_tree()
{
	rm -rf "${tree:?}"/*
	mkdir "$tree/base" "$tree/low" "$tree/side" "$tree/high" "$tree/high/inner"
	printf '# rooms\nbase:\nlow: base\nside: base\nhigh: base low\nmain: high\n' >"$tree/LAYERS"
	for h in base/err low/low low/inside side/side high/high high/inner/part; do
		printf '/* a door */\nint f(int x);\n' >"$tree/$h.h"
	done
	printf '#include "low/low.h"\n#include "low/inside.h"\n\n#include "base/err.h"\n\n#include <stdio.h>\n\n%s\n' \
		'/* one */' >"$tree/low/low.c"
	printf 'int f(int x)\n{\n\treturn x; /* strcpy( is only a word here, and in "a // text" */\n}\n' >>"$tree/low/low.c"
	printf '#include "high/high.h"\n#include "high/inner/part.h"\n#include "low/low.h"\n' >"$tree/high/inner/part.c"
	printf '#include "high/high.h"\n' >"$tree/main.c"
}

passes() # tool, name
{
	if sh "tools/$1" "$tree" >"$tree.out" 2>&1; then
		say ok "$1: $2"
	else
		say 'not ok' "$1: $2"
		sed 's/^/# /' "$tree.out"
	fi
	rm -f "$tree.out"
}

# The tool must fail, name file and line, and say the words.
finds() # tool, file:line, words
{
	if ! sh "tools/$1" "$tree" >"$tree.out" 2>&1 && grep -F "$tree/$2:" "$tree.out" | grep -qF "$3"; then
		say ok "$1 finds: $3"
	else
		say 'not ok' "$1 finds: $3"
		sed 's/^/# /' "$tree.out"
	fi
	rm -f "$tree.out"
	fresh_tree
}

fresh_tree
passes check-layers 'a right tree passes'
passes check-style 'a right tree passes'
passes check-headers 'a right tree passes'

layer() # file, line to add, words
{
	echo "$2" >>"$tree/$1"
	finds check-layers "$1:$(wc -l <"$tree/$1" | tr -d ' ')" "$3"
}

layer low/low.c '#include "high/high.h"' 'upstairs'
layer side/side.h '#include "low/low.h"' 'not on its list'
layer high/high.h '#include "low/inside.h"' 'only its door'
layer high/high.h '#include "high.h"' 'has no room before it'
layer high/high.h '#include "high/none.h"' 'does not exist'
layer high/high.h '#include "attic/attic.h"' 'no room of LAYERS'
layer main.c '#include "low/low.h"' 'not on its list'
layer base/err.h ' # include "low/low.h"' 'upstairs'
layer low/low.c '#include <sqlite3.h>' 'may only be included in ledger/'
layer low/low.c '#include <openssl/evp.h>' 'may only be included in base/hash.c'
layer low/low.c '#include <pthread.h>' 'may only be included in base/'
layer low/low.c '#include <curl/curl.h>' 'may only be included in net/'
layer low/low.c '#include <png.h>' 'neither C nor POSIX'
layer low/low.c '#include HEADER' 'by macro'
layer LAYERS 'low: base' 'listed twice'
layer LAYERS 'top: roof' 'does not stand on a lower line'
mkdir "$tree/new" && echo 'int x;' >"$tree/new/new.c"
finds check-layers new/new.c:1 'no room of LAYERS'
printf 'base: low\nlow: base\nside: base\nhigh: base low\nmain: high\n' >"$tree/LAYERS"
finds check-layers LAYERS:1 'a cycle'

echo '#include "low/inside.h"' >>"$tree/high/high.h"
sed -i.old 's|^high:.*|high: base low low/inside.h|' "$tree/LAYERS"
passes check-layers 'a back door that LAYERS names passes'
echo '#include "low/inside.h"' >>"$tree/side/side.h"
finds check-layers side/side.h:3 'not on its list'

style() # printf format of lines to add, words
{
	at=$(($(wc -l <"$tree/low/low.c") + 1))
	# shellcheck disable=SC2059 # the format is the text
	printf "$1" >>"$tree/low/low.c"
	finds check-style "low/low.c:$at" "$2"
}

style 'int y = strcpy (a, b);\n' 'strcpy is banned'
style 'int y = atoi("1");\n' 'atoi is banned'
style 'int y; // one\n' 'a comment with //'
style 'int y; \n' 'blanks at the end'
style 'int y;\r\n' 'blanks at the end'
style ' \tint y;\n' 'a blank before a tab'
style '        int y;\n' 'indented by blanks'
style '\tprintf("x");\n' 'printf prints'
style "int c = '\"'; int y = system(x);\n" 'system is banned'

body() # number of lines of a function, braces included; what stands above it
{
	printf '%s\nint long_one(void)\n{\n' "$2" >>"$tree/low/low.c"
	i=2
	while [ $i -lt "$1" ]; do
		printf '\tx++;\n' >>"$tree/low/low.c"
		i=$((i + 1))
	done
	echo '}' >>"$tree/low/low.c"
}

body 60 ''
passes check-style 'a function of 60 lines passes'
fresh_tree
body 61 '/* Long because it is a test. */'
passes check-style 'a longer one with its reason passes'
fresh_tree
body 61 '/* Not short. */'
finds check-style low/low.c:15 'a function of 61 lines'

i=0
while [ $i -lt 500 ]; do
	echo 'int x;'
	i=$((i + 1))
done >"$tree/low/table.h"
passes check-style 'a file of 500 lines passes'
echo 'int x;' >>"$tree/low/table.h"
finds check-style low/table.h:501 'a file of 501 lines'

echo 'size_t g(void);' >>"$tree/side/side.h"
finds check-headers side/side.h:1 'does not compile alone'

tree_before=$tree
tree=$tree/none
for tool in check-layers check-style check-headers; do
	if sh tools/$tool "$tree" >/dev/null 2>&1; then
		say 'not ok' "$tool: a missing folder is an error"
	else
		say ok "$tool: a missing folder is an error"
	fi
done
tree=$tree_before
echo "1..$n"
