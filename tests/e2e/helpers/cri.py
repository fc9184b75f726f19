#!/usr/bin/python3
"""Calls one method of a container runtime interface (CRI, runtime.v1): what a kubelet does, without Kubernetes.

cri.py SOCKET METHOD <REQUEST.json >RESPONSE.json

There is no CRI client in Debian, but gRPC for Python; the messages are written here, from the tables of fields below.
Only the fields that the tests use are there. An error is one line, and exit status 1.
"""
import json
import sys

import grpc

# name of a message -> name of a field -> (number, type). A type is a message, string, int, bool; [type]: repeated;
# {}: map of strings.
MESSAGES = {
    "VersionRequest": {"version": (1, "string")},
    "VersionResponse": {"version": (1, "string"), "runtime_name": (2, "string"), "runtime_version": (3, "string")},
    "NamespaceOption": {"network": (1, "int"), "pid": (2, "int"), "ipc": (3, "int"), "target_id": (4, "string")},
    "Int64Value": {"value": (1, "int")},
    "SecurityProfile": {"profile_type": (1, "int"), "localhost_ref": (2, "string")},
    "LinuxSandboxSecurityContext": {
        "namespace_options": (1, "NamespaceOption"), "run_as_user": (3, "Int64Value"), "readonly_rootfs": (4, "bool"),
        "supplemental_groups": (5, ["int"]), "privileged": (6, "bool"), "seccomp": (9, "SecurityProfile")},
    "LinuxPodSandboxConfig": {
        "cgroup_parent": (1, "string"), "security_context": (2, "LinuxSandboxSecurityContext"), "sysctls": (3, {})},
    "PodSandboxMetadata": {"name": (1, "string"), "uid": (2, "string"), "namespace": (3, "string"), "attempt": (4, "int")},
    "DNSConfig": {"servers": (1, ["string"]), "searches": (2, ["string"]), "options": (3, ["string"])},
    "PodSandboxConfig": {
        "metadata": (1, "PodSandboxMetadata"), "hostname": (2, "string"), "log_directory": (3, "string"),
        "dns_config": (4, "DNSConfig"), "labels": (6, {}), "annotations": (7, {}), "linux": (8, "LinuxPodSandboxConfig")},
    "RunPodSandboxRequest": {"config": (1, "PodSandboxConfig"), "runtime_handler": (2, "string")},
    "RunPodSandboxResponse": {"pod_sandbox_id": (1, "string")},
    "StopPodSandboxRequest": {"pod_sandbox_id": (1, "string")},
    "StopPodSandboxResponse": {},
    "RemovePodSandboxRequest": {"pod_sandbox_id": (1, "string")},
    "RemovePodSandboxResponse": {},
    "PodSandboxStatusRequest": {"pod_sandbox_id": (1, "string"), "verbose": (2, "bool")},
    "PodSandboxStatus": {"id": (1, "string"), "state": (3, "int"), "runtime_handler": (9, "string")},
    "PodSandboxStatusResponse": {"status": (1, "PodSandboxStatus"), "info": (2, {})},
    "ContainerMetadata": {"name": (1, "string"), "attempt": (2, "int")},
    "ImageSpec": {"image": (1, "string")},
    "KeyValue": {"key": (1, "string"), "value": (2, "string")},
    "Mount": {
        "container_path": (1, "string"), "host_path": (2, "string"), "readonly": (3, "bool"), "propagation": (5, "int")},
    "Device": {"container_path": (1, "string"), "host_path": (2, "string"), "permissions": (3, "string")},
    "LinuxContainerResources": {
        "cpu_period": (1, "int"), "cpu_quota": (2, "int"), "cpu_shares": (3, "int"), "memory_limit_in_bytes": (4, "int"),
        "oom_score_adj": (5, "int"), "unified": (9, {})},
    "Capability": {"add_capabilities": (1, ["string"]), "drop_capabilities": (2, ["string"])},
    "LinuxContainerSecurityContext": {
        "capabilities": (1, "Capability"), "privileged": (2, "bool"), "namespace_options": (3, "NamespaceOption"),
        "run_as_user": (5, "Int64Value"), "run_as_username": (6, "string"), "readonly_rootfs": (7, "bool"),
        "supplemental_groups": (8, ["int"]), "no_new_privs": (11, "bool"), "run_as_group": (12, "Int64Value"),
        "masked_paths": (13, ["string"]), "readonly_paths": (14, ["string"]), "seccomp": (15, "SecurityProfile")},
    "LinuxContainerConfig": {
        "resources": (1, "LinuxContainerResources"), "security_context": (2, "LinuxContainerSecurityContext")},
    "ContainerConfig": {
        "metadata": (1, "ContainerMetadata"), "image": (2, "ImageSpec"), "command": (3, ["string"]), "args": (4, ["string"]),
        "working_dir": (5, "string"), "envs": (6, ["KeyValue"]), "mounts": (7, ["Mount"]), "devices": (8, ["Device"]),
        "labels": (9, {}), "annotations": (10, {}), "log_path": (11, "string"), "stdin": (12, "bool"), "tty": (14, "bool"),
        "linux": (15, "LinuxContainerConfig")},
    "CreateContainerRequest": {
        "pod_sandbox_id": (1, "string"), "config": (2, "ContainerConfig"), "sandbox_config": (3, "PodSandboxConfig")},
    "CreateContainerResponse": {"container_id": (1, "string")},
    "StartContainerRequest": {"container_id": (1, "string")},
    "StartContainerResponse": {},
    "StopContainerRequest": {"container_id": (1, "string"), "timeout": (2, "int")},
    "StopContainerResponse": {},
    "RemoveContainerRequest": {"container_id": (1, "string")},
    "RemoveContainerResponse": {},
    "ContainerStatusRequest": {"container_id": (1, "string"), "verbose": (2, "bool")},
    "ContainerStatus": {
        "id": (1, "string"), "state": (3, "int"), "exit_code": (7, "int"), "reason": (10, "string"), "message": (11, "string"),
        "log_path": (15, "string")},
    "ContainerStatusResponse": {"status": (1, "ContainerStatus"), "info": (2, {})},
    "ExecSyncRequest": {"container_id": (1, "string"), "cmd": (2, ["string"]), "timeout": (3, "int")},
    "ExecSyncResponse": {"stdout": (1, "string"), "stderr": (2, "string"), "exit_code": (3, "int")},
    "UpdateContainerResourcesRequest": {"container_id": (1, "string"), "linux": (2, "LinuxContainerResources")},
    "UpdateContainerResourcesResponse": {},
    "UInt64Value": {"value": (1, "int")},
    "CpuUsage": {"timestamp": (1, "int"), "usage_core_nano_seconds": (2, "UInt64Value")},
    "MemoryUsage": {"timestamp": (1, "int"), "working_set_bytes": (2, "UInt64Value")},
    "ContainerAttributes": {"id": (1, "string"), "metadata": (2, "ContainerMetadata")},
    "ContainerStats": {"attributes": (1, "ContainerAttributes"), "cpu": (2, "CpuUsage"), "memory": (3, "MemoryUsage")},
    "ContainerStatsRequest": {"container_id": (1, "string")},
    "ContainerStatsResponse": {"stats": (1, "ContainerStats")},
    "ReopenContainerLogRequest": {"container_id": (1, "string")},
    "ReopenContainerLogResponse": {},
}
VARINT, BYTES = 0, 2  # wire types; see the encoding of protocol buffers


def varint(number):
    number &= (1 << 64) - 1  # negative numbers take ten bytes
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, kind, value):
    if kind in ("int", "bool"):
        return varint(number << 3 | VARINT) + varint(int(value))
    data = value.encode() if kind == "string" else encode(kind, value)
    return varint(number << 3 | BYTES) + varint(len(data)) + data


def encode(message, value):
    out = b""
    for name, one in value.items():
        number, kind = MESSAGES[message][name]
        if isinstance(kind, list):
            out += b"".join(field(number, kind[0], element) for element in one)
        elif isinstance(kind, dict):
            out += b"".join(field(number, "KeyValue", {"key": k, "value": v}) for k, v in one.items())
        else:
            out += field(number, kind, one)
    return out


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return number, at


def decode(message, data):
    names = {number: (name, kind) for name, (number, kind) in MESSAGES[message].items()}
    value = {name: type(kind)() for name, (_, kind) in MESSAGES[message].items() if isinstance(kind, (list, dict))}
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        one, at = read_varint(data, at)
        if tag & 7 == BYTES:
            one, at = data[at:at + one], at + one
        elif tag & 7 != VARINT:
            raise ValueError(f"{message}: wire type {tag & 7}")
        name, kind = names.get(tag >> 3, (None, None))
        if name is None:
            continue
        if isinstance(kind, dict):
            pair = decode("KeyValue", one)
            value[name][pair.get("key", "")] = pair.get("value", "")
            continue
        element = kind[0] if isinstance(kind, list) else kind
        if element == "string":
            one = one.decode(errors="replace")
        elif element == "int":
            one = one - (1 << 64) if one >> 63 else one
        elif element == "bool":
            one = bool(one)
        else:
            one = decode(element, one)
        if isinstance(kind, list):
            value[name].append(one)
        else:
            value[name] = one
    return value


def main():
    socket, method = sys.argv[1:]
    request = json.load(sys.stdin)
    with grpc.insecure_channel("unix://" + socket) as channel:
        call = channel.unary_unary(
            "/runtime.v1.RuntimeService/" + method,
            request_serializer=lambda value: encode(method + "Request", value),
            response_deserializer=lambda data: decode(method + "Response", data))
        try:
            json.dump(call(request, timeout=30), sys.stdout)
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")


main()
