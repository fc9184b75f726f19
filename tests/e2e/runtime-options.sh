#!/usr/bin/env bash
# What the options of create and run do that are not about isolation.
# tools: busybox jq
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

# ---- --config: another file than config.json ----
kind self
config . 'echo plain'
mkdir "$bundle/configs"
jq '.process.args = ["echo", "below the bundle"]' "$bundle/config.json" >"$bundle/configs/other.json"
jq '.process.args = ["echo", "elsewhere"]' "$bundle/config.json" >"$tmp/elsewhere.json"
for form in '--config configs/other.json' '--config=configs/other.json' '-f configs/other.json'; do
	new_id
	# shellcheck disable=SC2086
	ok rt run --bundle "$bundle" $form "$id"
	says 'below the bundle'
done
new_id
ok rt run --bundle "$bundle" --config "$tmp/elsewhere.json" "$id"
says elsewhere
new_id
(cd "$bundle/configs" && ok rt run --bundle .. --config configs/other.json "$id" && says 'below the bundle')
ok rt plan --bundle "$bundle" --config configs/other.json
has 'below the bundle'
new_id
ok rt create --bundle "$bundle" --config configs/other.json "$id"
ok rt delete --force "$id"
new_id
refused "bundle $(realpath "$bundle"): open none.json: no such file or directory" rt run --bundle "$bundle" --config none.json "$id"
echo '{' >"$bundle/configs/broken.json"
refused "bundle $(realpath "$bundle"): configs/broken.json:" rt run --bundle "$bundle" --config configs/broken.json "$id"
ok rt run --bundle "$bundle" --config '' "$id"
says plain
nothing_left

# ---- --pid-file of run: it is still there when the container has ended ----
new_id
config . 'true'
ok rt run --bundle "$bundle" --pid-file "$tmp/run.pid" "$id"
[[ $(cat "$tmp/run.pid") =~ ^[0-9]+$ ]] || fail "the pid file of run"

# ---- delete --regex ----
config . 'exec sleep 1000'
for id in "$mark-web1" "$mark-web2" "$mark-db"; do ok rt run --detach --bundle "$bundle" "$id"; done
refused "option --regex: '[' is no extended regular expression" rt delete --regex '['
ok rt delete --regex 'no-such-id'
# without --force those that run stay, and each is told of
run rt delete --regex "$mark-web[0-9]\$"
[ "$status" != 0 ] || fail 'running containers are not deleted without --force'
grep -q "warning.*$mark-web1.* that is not stopped" "$err" || fail 'nothing is said of the first'
grep -q "cannot delete container \"$mark-web2\" that is not stopped" "$err" || fail 'nothing is said of the last'
ok rt delete --force --regex "$mark-web[0-9]\$"
ok rt list --quiet
says "$mark-db"
# the whole text is no expression without the option
refused 'container id "web.*" is invalid' rt delete --force 'web.*'
ok rt delete --force --regex .
ok rt list --quiet
says ''
nothing_left
