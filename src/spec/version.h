/* The versions of the OCI runtime-spec that are read and written. */
#pragma once

#define SPEC_VERSION "1.3.0"
#define SPEC_VERSION_MIN "1.0.0"
