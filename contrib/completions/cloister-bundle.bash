# bash completion for cloister-bundle(1)

_cloister_bundle() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=''

	compopt +o default 2>/dev/null
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'path closure --help --version' -- "$cur")
		return
	fi
	[ "${COMP_WORDS[1]}" != closure ] || [[ $cur != -* ]] || {
		mapfile -t COMPREPLY < <(compgen -W '--store --help' -- "$cur")
		return
	}
	case $prev:$cur in
	--network:*) words='none host' ;;
	--bin-sh:*) words='default none' ;;
	*:-*)
		words='--output --store --database --closure --closure-info --path-info --references-graph --scan --env --bind
		       --writable --network --bin-sh --hostname --user --cwd --terminal --no-gc-root --require-gc-root --help'
		;;
	*)
		# a store path, or a link or folder that leads to one
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _cloister_bundle cloister-bundle
