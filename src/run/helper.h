/* Where cloister-bundle is, which reads the store's database for us: never NULL. */
#pragma once

const char *run_helper_path(void);
