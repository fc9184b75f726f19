#!/usr/bin/env bash
# Every option that the help names is known to the completions of bash, zsh and fish, and they know no others.
. tests/e2e/lib.sh

options_of() { grep -oE -- '--[a-z][a-z0-9-]+' | sort -u; } # HELP TEXT

known() { # FILE: fish writes `-l name`, the others `--name`
	case $1 in
	*.fish) sed -n "/^complete/{s/ -d '.*//;p}" "$1" | grep -oE -- '-l [a-z0-9-]+' | sed 's/-l /--/' ;;
	*) sed 's/\[[^]]*\]//' "$1" | grep -oE -- '--[a-z][a-z0-9-]+' ;;
	esac | sort -u
}

same() { # FILE OPTIONS
	equal "$(comm -13 <(known "$1") <(echo "$2"))" '' "missing in $1"
	equal "$(comm -23 <(known "$1") <(echo "$2"))" '' "unknown to the program, but in $1"
}

commands=$("$cloister" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -vx help)
equal "$(echo "$commands" | grep -cxE 'create|start|run|delete')" 4
# what is there only to be refused, or for engines alone, need not be offered
# shellcheck disable=SC2086
options=$(for command in '' $commands; do "$cloister" $command --help; done | options_of |
	grep -vxE -- '--(no-pivot|no-subreaper)')
bundle_options=$({ "$cloister_bundle" --help; "$cloister_bundle" path --help; "$cloister_bundle" drv --help; "$cloister_bundle" closure --help; } | sed 's/nix path-info --json --recursive//' | options_of)

for shell in cloister.bash _cloister cloister.fish; do
	same "contrib/completions/$shell" "$options"
	for command in $commands; do
		grep -qw -- "$command" "contrib/completions/$shell" || fail "contrib/completions/$shell does not know $command"
	done
done
for shell in cloister-bundle.bash _cloister-bundle cloister-bundle.fish; do
	same "contrib/completions/$shell" "$bundle_options"
done

cloister_build=$B/cloister-build
build_options=$({ "$cloister_build" --help; "$cloister_build" external-builder --help; } |
	sed 's/nix-store --query --deriver//; s/guix build --derivations//' | options_of)
for shell in cloister-build.bash _cloister-build cloister-build.fish; do
	same "contrib/completions/$shell" "$build_options"
done
equal "$(echo "$build_options" | grep -vxE -- "--(help|version)")" \
	"$(grep -oE '^\*\*--[a-z-]+|, \*\*--[a-z-]+|\] \*\*--[a-z-]+' docs/cloister-build.1.md | grep -oE -- '--[a-z-]+' | sort -u)" "help, manual"
