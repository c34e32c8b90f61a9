#!/bin/sh
# completions: the scripts are loaded into the shells and asked, as Tab asks them.
. "$(dirname "$0")/lib.sh"

PATH=$BUILD:$PATH
run 2 mgbatch completions
has stderr 'usage: mgbatch completions bash|zsh'
run 2 mgbatch completions fish
has stderr "there are completions for bash and zsh, found 'fish'"
mgbatch completions bash >script.bash
mgbatch completions zsh >_mgbatch

mkdir sub 'a folder'
cat >one.yaml <<'EOF'
version: 1
backend: fake
params: {prompt: "rain", duration: 1}
sweep: {seed: 1..3}
EOF
cp one.yaml 'two words.yml'
: >notes.txt
mgbatch run one.yaml -q
ids=$(mgbatch list one.yaml | sed 's/ .*//' | sort)
id=$(echo "$ids" | sed 1q)
short=$(echo "$id" | cut -c 1-7)

# What Tab would offer after these words; the last is the one that is being typed.
cat >ask.bash <<'EOF'
. ./script.bash
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_mgbatch
printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ':'
EOF
offers() # want, words...
{
	want=$1
	shift
	is "$(bash ask.bash "$@" 2>&1)" "$want" "bash: $*"
}
if command -v bash >/dev/null; then
	ok 'bash reads the script' bash -n script.bash
	offers 'report:' mgbatch rep
	offers 'plan:' mgbatch help pl
	offers 'a folder:one.yaml:out:sub:two words.yml:' mgbatch run ''
	offers 'one.yaml:' mgbatch run on
	offers 'two words.yml:' mgbatch run two
	offers ':' mgbatch run one.yaml ''
	offers '--backend:' mgbatch run one.yaml --b
	offers ':' mgbatch status one.yaml --lim
	offers 'fake:' mgbatch run --backend f
	offers 'fake:' mgbatch run --backend = f
	offers 'fake:native:scenario:' mgbatch run --backend =
	offers ':' mgbatch run --limit 3
	offers 'a folder:out:sub:' mgbatch run --output ''
	offers 'pending:' mgbatch list one.yaml --state p
	offers 'notes.txt:' mgbatch run one.yaml --events n
	offers 'bash:zsh:' mgbatch completions ''
	offers "$(echo "$ids" | tr '\n' ':')" mgbatch show one.yaml ''
	offers "$id:" mgbatch show --backend fake one.yaml "$short"
	offers "$id:" mgbatch show --backend = fake one.yaml "$short"
	offers "$id:" mgbatch show out/one "$short"
	offers ':' mgbatch show none.yaml ''
	offers ':' mgbatch nonsense ''
else
	tap 0 '# SKIP there is no bash'
fi

# zsh completes in a terminal only: one is made for it, and what it then runs is told by a function of the program's name.
cat >rc.zsh <<'EOF'
PS1= PROMPT_EOL_MARK=
unsetopt zle_bracketed_paste 2>/dev/null
fpath=($PWD $fpath)
autoload -U compinit
compinit -u -d ./.zcompdump
mgbatch()
{
	if [[ $1 == list ]] && (( ! ${+2} || $# > 2 )) && [[ ! -t 1 ]]; then
		command mgbatch "$@"
	else
		print -rn -- "RAN:${(j:,:)@}:END"
	fi
}
print -n READ:END
EOF
cat >ask.zsh <<'EOF'
zmodload zsh/zpty || exit 1
zpty z zsh -f -i
zpty -w z 'source ./rc.zsh'
zpty -r z out '*READ:END*'
zpty -w z "$1"$'\t'
zpty -r z out '*RAN:*:END*'
print -r -- "${${out##*RAN:}%%:END*}"
zpty -d z
EOF
becomes() # want, line up to Tab
{
	is "$(timeout 20 zsh -f ask.zsh "$2" 2>&1)" "$1" "zsh: $2"
}
if command -v zsh >/dev/null; then
	ok 'zsh reads the script' zsh -n _mgbatch
	becomes 'report' 'mgbatch rep'
	becomes 'help,plan' 'mgbatch help pl'
	becomes 'run,one.yaml' 'mgbatch run on'
	becomes 'run,two words.yml' 'mgbatch run tw'
	becomes 'run,one.yaml,--remake-stale' 'mgbatch run one.yaml --rem'
	becomes 'status,one.yaml,--lim' 'mgbatch status one.yaml --lim'
	becomes 'run,--backend,fake' 'mgbatch run --backend f'
	becomes 'run,--backend=fake' 'mgbatch run --backend=f'
	becomes 'list,one.yaml,--state,pending' 'mgbatch list one.yaml --state p'
	becomes 'run,--output,sub' 'mgbatch run --output su'
	becomes 'completions,zsh' 'mgbatch completions z'
	becomes "show,one.yaml,$id" "mgbatch show one.yaml $short"
else
	tap 0 '# SKIP there is no zsh'
fi
done_testing
