# bash completion for cloister-bundle(1)

_cloister_bundle() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=''

	compopt +o default 2>/dev/null
	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'path drv closure --help --version' -- "$cur")
		return
	fi
	case ${COMP_WORDS[1]}:$prev:$cur in
	closure:*:-*) words='--store --help' ;;
	drv:--network:*) words='default none host pasta slirp4netns' ;;
	drv:--feature:*) words='kvm nixos-test benchmark big-parallel' ;;
	drv:*:-*)
		words='--output --json --shell --build-dir --store --database --bin-sh --sandbox-path --feature --network --cores
		       --terminal --no-gc-root --require-gc-root --help'
		;;
	*:--network:*) words='none host' ;;
	*:--bin-sh:*) words='default none' ;;
	*:*:-*)
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
