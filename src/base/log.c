/* Why: see log.h. A line is one write(2), so that lines of concurrent processes never mix. */
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "base/utc.h"

static struct {
	int fd;
	bool json, debug;
} log_to = { .fd = STDERR_FILENO };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

int log_open(const char *path, const char *format, bool debug, struct err *e)
{
	log_to.debug = debug;
	if (strcmp(format, "json") == 0)
		log_to.json = true;
	else if (strcmp(format, "text") != 0)
		return err_set(e, EINVAL, "unknown log format '%s': it is 'text' or 'json'", format);
	if (!path || !*path)
		return 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd < 0)
		return err_sys(e, errno, "open log file %s", path);
	log_to.fd = fd;
	return 0;
}

bool log_wants_debug(void)
{
	return log_to.debug;
}

bool log_has_file(void)
{
	return log_to.fd != STDERR_FILENO;
}

int log_fd(void)
{
	return log_to.fd;
}

static void add_json_string(struct str *s, const char *text)
{
	str_addc(s, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\') {
			str_addc(s, '\\');
			str_addc(s, (char)c);
		} else if (c < 0x20) {
			str_addf(s, "\\u%04x", c);
		} else {
			str_addc(s, (char)c);
		}
	}
	str_addc(s, '"');
}

void log_write(enum log_level level, const char *fmt, ...)
{
	_cleanup_str_ struct str line = STR_INIT;
	char msg[ERR_TEXT_MAX + 256], stamp[UTC_TEXT_MAX];
	struct timespec now;
	va_list ap;

	if (level == LOG_LEVEL_DEBUG && !log_to.debug)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	str_make_plain(msg);
	clock_gettime(CLOCK_REALTIME, &now);
	utc_text(&now, false, stamp);
	if (log_to.json) {
		str_addf(&line, "{\"level\":\"%s\",\"msg\":", level_names[level]);
		add_json_string(&line, msg);
		str_addf(&line, ",\"time\":\"%s\"}\n", stamp);
	} else if (log_has_file() || level == LOG_LEVEL_DEBUG) {
		str_addf(&line, "time=\"%s\" level=%s msg=", stamp, level_names[level]);
		add_json_string(&line, msg);
		str_addc(&line, '\n');
	} else {
		str_addf(&line, "cloister: %s: %s\n", level_names[level], msg);
	}
	if (!line.failed)
		io_write_all(log_to.fd, line.text, line.len);
}
