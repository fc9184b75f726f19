# A bundle's config.json as the flat list of steps that tests/bench/floor.c carries out: what `cloister run` makes of it,
# by the shortest way. --arg rootfs: the bundle's rootfs, absolute.

def bits(table): [.[]? | table[.] // empty] | unique | add // 0;

# mount_setattr(2) and mount(2)
def attribute_bits: { ro: 1, nosuid: 2, nodev: 4, noexec: 8 };
def flag_bits: { ro: 1, nosuid: 2, nodev: 4, noexec: 8, relatime: 2097152, strictatime: 16777216 };
def namespace_bits: { mount: 131072, cgroup: 33554432, uts: 67108864, ipc: 134217728, user: 268435456, pid: 536870912,
                      network: 1073741824 };
def data: [.[]? | select(flag_bits[.] == null and . != "bind" and . != "rbind")] | join(",");
def in_root: ltrimstr("/");
def step: map(tostring) | join("\t");

.annotations as $notes
| ($notes["run.cloister.store"] // "") as $store
| ($notes["run.cloister.lock"] == "true") as $lock
| [.linux.namespaces[].type] as $namespaces
| ($namespaces | map(namespace_bits[.] // 0) | add) as $clone
| (.linux.uidMappings[0].containerID // 0) as $id
| def is_bind: (.options // []) | any(. == "bind" or . == "rbind");
  def is_member: is_bind and $store != "" and (.destination | startswith($store + "/")) and
                 (.destination | ltrimstr($store + "/") | contains("/") | not);
  [.mounts[] | select(is_member)] as $members
| [.mounts[] | select(is_bind and (is_member | not))] as $binds
| [.mounts[] | select(is_bind | not)] as $mounts
| def store_steps:
    if $members == [] then empty else
      ["group", "\($store | in_root)"],
      ($members[] | ["member", .source, (.destination | ltrimstr($store + "/"))]),
      ["seal", ($store | in_root), ($members[0].options | bits(attribute_bits))]
    end;
  def start_steps: ["private"], ["cd", $rootfs];
  (
    (if $lock then ["outer", 0], start_steps, store_steps, ["init", $clone, $id], ["cd", "/"], ["root", $rootfs]
     else ["init", $clone, $id], start_steps, ["root", $rootfs], store_steps end),
    (if $namespaces | index("network") then ["loopback"] else empty end),
    (if .hostname then ["hostname", .hostname] else empty end),
    ($binds[] | ["bind", .source, (.destination | in_root), (.options | bits(attribute_bits))]),
    ($mounts[] |
      (if .destination | test("^/dev/.") then ["mkdir", (.destination | in_root)] else empty end),
      ["mount", .type, (.destination | in_root), (.options | bits(flag_bits)), (.options | data)]),
    (("null", "zero", "full", "random", "urandom", "tty") | ["device", "/dev/" + ., "dev/" + .]),
    (["/proc/self/fd", "dev/fd"], ["/proc/self/fd/0", "dev/stdin"], ["/proc/self/fd/1", "dev/stdout"],
     ["/proc/self/fd/2", "dev/stderr"], ["pts/ptmx", "dev/ptmx"], ["/proc/kcore", "dev/core"] | ["symlink"] + .),
    (.linux.maskedPaths[]? | ["mask", in_root]),
    (.linux.readonlyPaths[]? | ["freeze", in_root]),
    (if .root.readonly then ["readonly"] else empty end),
    ["pivot"],
    (["exec"] + .process.args)
  )
| step
