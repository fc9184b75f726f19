/*
 * Why: a command line of a unit looks like one of a shell and is none: its quotes, its variables and its prefixes have
 * rules of their own, and a program that gets other words than under systemd is another service.
 */
#include "unit/exec.h"

#include <string.h>

#include "base/str.h"
#include "unit/words.h"

#define BLANKS " \t\n\r"

enum { WORD_RULES = UNIT_WORD_QUOTES | UNIT_WORD_ESCAPES, ARGS_MAX = 100 * 1000 };

struct reader {
	struct arena *arena;
	const struct unit *unit;
	const struct unit_host *host;
	const struct unit_line *line;
	const char *at;            /* what is left of the value */
	struct err *e;
};

static int in_line(const struct reader *r)
{
	return err_prefix(r->e, "%s:%u: %s", r->line->file, r->line->line, r->line->key);
}

/* The next word with its specifiers replaced. *ret_end: it is a ";" that parts two commands. */
static int read_word(struct reader *r, char **ret, bool *ret_end)
{
	char *word;
	bool quoted = false;
	int result = unit_next_word(r->arena, &r->at, BLANKS, WORD_RULES, &word, &quoted, r->e);

	*ret = NULL;
	*ret_end = result == 0 && word && !quoted && strcmp(word, ";") == 0;
	if (result == 0 && word && !quoted && strcmp(word, "\\;") == 0)
		word = ";";
	if (result == 0 && word && !*ret_end)
		result = unit_expand(r->arena, r->unit, r->host, word, ret, r->e);
	return result < 0 ? in_line(r) : 0;
}

/* What the prefixes of a command line say beside the flags of the command. */
struct prefixes {
	bool argv0;                /* @ the next word is what the program is told that it is called */
	bool shell;                /* | the words are a line for a shell; with @ for a login shell */
	bool ambient;              /* !! means "!" on kernels without ambient capabilities: here, nothing */
};

/* Each once, in any order. */
static int read_prefixes(struct reader *r, struct unit_command *c, struct prefixes *p, char **io_word)
{
	char *word = *io_word;
	bool twice = false;

	for (;; word++) {
		bool *flag = *word == '-' ? &c->ignore_failure : *word == ':' ? &c->no_variables :
			     *word == '+' ? &c->privileged : *word == '@' ? &p->argv0 : *word == '|' ? &p->shell :
			     *word == '!' && word[1] == '!' ? &p->ambient : *word == '!' ? &c->keep_ids : NULL;

		if (!flag)
			break;
		twice |= *flag;
		*flag = true;
		word += flag == &p->ambient;
	}
	if (twice || c->privileged + c->keep_ids + p->ambient > 1) {
		err_set(r->e, EINVAL, "the prefixes of '%s' contradict each other, or come twice", *io_word);
		return in_line(r);
	}
	*io_word = word;
	return 0;
}

static int check_path(struct reader *r, const char *path)
{
	if (*path == '\0')
		err_set(r->e, EINVAL, "there is no program to run");
	else if (*path != '/' && strchr(path, '/'))
		err_set(r->e, EINVAL, "the program '%s' is neither an absolute path nor a name without '/'", path);
	else if (path[strlen(path) - 1] == '/')
		err_set(r->e, EINVAL, "the program '%s' is a directory", path);
	else
		return 0;
	return in_line(r);
}

static int add_arg(struct reader *r, struct unit_command *c, char *word)
{
	char **slot;

	if (c->args_len == ARGS_MAX) {
		err_set(r->e, E2BIG, "there are more than %d arguments", ARGS_MAX);
		return in_line(r);
	}
	slot = arena_push(r->arena, &c->args, &c->args_len, sizeof *c->args);
	if (!slot)
		return err_oom(r->e);
	*slot = word;
	return 0;
}

static int read_arguments(struct reader *r, struct unit_command *c)
{
	bool end = false;
	char *word;
	int result = 0;

	while (result == 0) {
		result = read_word(r, &word, &end);
		if (result < 0 || end || !word)
			break;
		result = add_arg(r, c, word);
	}
	return result;
}

/* The words become one line again, as they are, which is the shell's to read. */
static int make_shell_line(struct reader *r, struct unit_command *c, char *first, bool login)
{
	_cleanup_str_ struct str line = STR_INIT;
	const char *name = strrchr(r->host->shell, '/');

	str_add(&line, first);
	for (size_t i = 0; i < c->args_len; i++)
		str_addf(&line, "%s%s", line.len ? " " : "", c->args[i]);
	c->path = r->host->shell;
	c->args = NULL;
	c->args_len = 0;
	name = name ? name + 1 : c->path;
	int result = add_arg(r, c, arena_printf(r->arena, "%s%s", login ? "-" : "", name));
	if (result == 0 && line.len)
		result = add_arg(r, c, (char *)"-c");
	if (result == 0 && line.len)
		result = add_arg(r, c, arena_strndup(r->arena, line.text, line.len));
	return line.failed || arena_failed(r->arena) ? err_oom(r->e) : result;
}

static int read_command(struct reader *r, struct unit_command *c)
{
	struct prefixes p = { 0 };
	bool end;
	char *word;
	int result = read_word(r, &word, &end);

	if (result < 0)
		return result;
	if (!word) {
		err_set(r->e, EINVAL, "there is no program to run");
		return in_line(r);
	}
	result = read_prefixes(r, c, &p, &word);
	c->path = word;
	if (result == 0 && !p.shell)
		result = check_path(r, word);
	if (result == 0 && !p.shell && !p.argv0)
		result = add_arg(r, c, word);
	if (result == 0)
		result = read_arguments(r, c);
	if (result == 0 && p.shell)
		result = make_shell_line(r, c, word, p.argv0);
	if (result == 0 && c->args_len == 0) {
		err_set(r->e, EINVAL, "after '@' the program's own name for itself must follow");
		return in_line(r);
	}
	/* NULL-terminated, like an argv */
	if (result == 0) {
		result = add_arg(r, c, NULL);
		c->args_len--;
	}
	return result;
}

int unit_commands_parse(struct arena *a, const struct unit *u, const struct unit_host *h,
			const struct unit_line *line, struct unit_command **io, size_t *io_len, struct err *e)
{
	struct reader r = { .arena = a, .unit = u, .host = h, .line = line, .at = line->value, .e = e };

	while (r.at += strspn(r.at, BLANKS), *r.at) {
		struct unit_command *c = arena_push(a, io, io_len, sizeof *c);
		int result;

		if (!c)
			return err_oom(e);
		*c = (struct unit_command){ .line = line };
		result = read_command(&r, c);
		if (result < 0)
			return result;
	}
	return 0;
}

/* ---- variables ---- */

static const char *value_of(char *const *env, const char *name, size_t len)
{
	const char *value = "";

	for (; env && *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			value = *env + len + 1;
	return value;
}

static char *replace_inside(struct arena *a, const char *word, char *const *env)
{
	_cleanup_str_ struct str out = STR_INIT;

	while (*word) {
		const char *end = word[0] == '$' && word[1] == '{' ? strchr(word, '}') : NULL;

		if (word[0] == '$' && word[1] == '$') {
			str_addc(&out, '$');
			word += 2;
		} else if (end) {
			str_add(&out, value_of(env, word + 2, (size_t)(end - word - 2)));
			word = end + 1;
		} else {
			str_addc(&out, *word++);
		}
	}
	return out.failed ? NULL : arena_strndup(a, str_text(&out), out.len);
}

int unit_command_expand(struct arena *a, const struct unit_command *c, char *const *env, char ***ret, size_t *ret_len,
			struct err *e)
{
	char **words = NULL, **slot;
	size_t len = 0;

	for (size_t i = 0; i <= c->args_len; i++) {
		const char *arg = c->args[i];
		char *word = (char *)arg;
		bool alone = arg && !c->no_variables && arg[0] == '$' && arg[1] && arg[1] != '{' && arg[1] != '$';
		const char *value = alone ? value_of(env, arg + 1, strlen(arg + 1)) : NULL;

		if (arg && !alone && !c->no_variables)
			word = replace_inside(a, arg, env);
		if (arg && !word)
			return err_oom(e);
		do {
			if (alone) {
				int r = unit_next_word(a, &value, BLANKS, UNIT_WORD_QUOTES, &word, NULL, e);

				if (r < 0)
					return err_prefix(e, "the value of the variable %s", arg + 1);
				if (!word)
					break;
			}
			slot = arena_push(a, &words, &len, sizeof *words);
			if (!slot)
				return err_oom(e);
			*slot = word;
		} while (alone);
	}
	*ret = words;
	*ret_len = len - 1;
	return 0;
}
