/* Programs of ours that the runtime runs, so that it stays small itself. */
#pragma once

enum run_helper {
	RUN_HELPER_BUNDLE,            /* cloister-bundle, which reads the store's database for us */
	RUN_HELPER_SYSTEMD,           /* cloister-systemd, which speaks to systemd */
};

/* Where it is, or would be: never NULL. Valid until the next call. */
const char *run_helper_path(enum run_helper which);
