# bash completion for cloister-build(1)

_cloister_build() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=''

	compopt +o default 2>/dev/null
	case $prev:$cur in
	--network:*) words='default none host pasta slirp4netns' ;;
	--bin-sh:*) words='default none' ;;
	--jobs:* | -j:* | --cores:* | --timeout:* | --max-silent-time:* | --max-log-size:* | --feature:*) return ;;
	*:-*)
		words='--sandbox-path --bin-sh --network --runtime --help'
		[ "${COMP_WORDS[1]}" = external-builder ] ||
			words="$words --store --output --from --database --jobs --cores --keep-going --keep-failed --check
			       --dry-run --timeout --max-silent-time --max-log-size --print-build-logs --log-dir
			       --build-dir --feature --version"
		;;
	*)
		# a derivation, or a link or folder that leads to one
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		[ "$COMP_CWORD" != 1 ] || mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W external-builder -- "$cur")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _cloister_build cloister-build
