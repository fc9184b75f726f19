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
