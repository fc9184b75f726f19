# bash completion for cloister(1)

_cloister_ids() {
	local global=() i
	# --root names where to look
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == --root ]] && global=(--root "${COMP_WORDS[i + 1]}")
	done
	cloister "${global[@]}" list --quiet 2>/dev/null
}

_cloister() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' i
	local create='--bundle --config --pid-file --console-socket --preserve-fds --no-new-keyring'
	local checkpoint='--image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --manage-cgroups-mode
		--empty-ns --auto-dedup'
	local commands='create start run exec ps state kill pause resume update events checkpoint restore delete list plan spec features'

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--root | --log | --log-format | --cgroup-manager | --store) i=$((i + 1)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done

	compopt +o default 2>/dev/null
	case $prev in
	--root | --store | --bundle | -b | --image-path | --work-path | --parent-path) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); compopt -o filenames; return ;;
	--log | --config | -f | --pid-file | --console-socket | --process | -p | --resources | -r) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames; return ;;
	--log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur"); return ;;
	--cgroup-manager) mapfile -t COMPREPLY < <(compgen -W 'cgroupfs systemd disabled' -- "$cur"); return ;;
	--manage-cgroups-mode) mapfile -t COMPREPLY < <(compgen -W 'ignore none soft full strict' -- "$cur"); return ;;
	--empty-ns) mapfile -t COMPREPLY < <(compgen -W network -- "$cur"); return ;;
	--format) mapfile -t COMPREPLY < <(compgen -W 'table json' -- "$cur"); return ;;
	--preserve-fds | --user | -u | --additional-gids | -g | --cwd | --env | -e | --cap | -c | --process-label | --apparmor | --cgroup) return ;;
	esac

	local words
	case $command:$cur in
	:-*) words='--root --log --log-format --debug --cgroup-manager --systemd-cgroup --store --version --help' ;;
	:*) words=$commands ;;
	create:-*) words="$create --help" ;;
	run:-*) words="$create --detach --keep --help" ;;
	exec:-*)
		words='--process --detach --tty --console-socket --pid-file --user --additional-gids --cwd --env --cap --no-new-privs
			--process-label --apparmor --preserve-fds --cgroup --ignore-paused --help' ;;
	plan:-*) words='--bundle --help' ;;
	spec:-*) words='--bundle --rootless --help' ;;
	list:-*) words='--format --quiet --help' ;;
	ps:-*) words='--format --help' ;;
	events:-*) words='--interval --stats --help' ;;
	update:-*)
		words='--resources --memory --memory-reservation --memory-swap --kernel-memory --kernel-memory-tcp --cpu-share
			--cpu-quota --cpu-period --cpu-burst --cpu-idle --cpu-rt-period --cpu-rt-runtime --cpuset-cpus --cpuset-mems
			--pids-limit --blkio-weight --l3-cache-schema --mem-bw-schema --help' ;;
	checkpoint:-*) words="$checkpoint --parent-path --leave-running --pre-dump --page-server --help" ;;
	restore:-*) words="$checkpoint --bundle --console-socket --pid-file --detach --lsm-profile --help" ;;
	delete:-*) words='--force --regex --help' ;;
	kill:-*) words='--all --help' ;;
	*:-*) words='--help' ;;
	start:* | exec:* | ps:* | state:* | pause:* | resume:* | update:* | events:* | checkpoint:* | delete:*) words=$(_cloister_ids) ;;
	kill:*) words="$(_cloister_ids) HUP INT QUIT KILL USR1 USR2 TERM CONT STOP WINCH" ;;
	*) words='' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _cloister cloister
