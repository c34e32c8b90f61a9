/* See credentials.h. */
#include "backend/hosted/credentials.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "net/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CA_VARIABLE "SCENARIO_CA_FILE"
#define CREDENTIAL_MAX 512 /* characters of a key or a secret; those seen have some 30 */
#define FILE_MAX 4096      /* of two lines and some comments */
#define BASE_MAX 500
#define CLOSED_BITS 077    /* what a mode may not have: anything for the group or for others */

static const char *variable(const char *name)
{
	const char *text = name ? getenv(name) : NULL;

	return text && *text ? text : NULL;
}

/* The compiler may not leave it out because nobody reads it afterwards. */
static void wipe(char *text, size_t len)
{
	volatile char *at = text;

	while (len-- > 0)
		*at++ = '\0';
}

static void wipe_free(char *text)
{
	if (text)
		wipe(text, strlen(text));
	free(text);
}

/* ---- the two halves -------------------------------------------------------------------- */

/* what: "SCENARIO_API_KEY", "the key in '...'"; never its text. */
static int check_half(const char *text, bool is_key, const char *what, struct err *err)
{
	size_t len = strlen(text);

	if (len == 0)
		return err_set(err, ERR_MODEL, "%s is empty", what);
	if (len > CREDENTIAL_MAX)
		return err_set(err, ERR_MODEL, "%s has %zu characters, more than the %d that one may have: copy it again", what, len, CREDENTIAL_MAX);
	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~')
			return err_set(err, ERR_MODEL, "%s has a blank or another character that is not plain ASCII: copy it again",
				       what);
	if (is_key && strchr(text, ':'))
		return err_set(err, ERR_MODEL, "%s has a ':', which no key has: is it key and secret in one? They are given apart", what);
	return 0;
}

static int take_variables(struct service *s, const char *key, const char *secret, struct err *err)
{
	const struct provider *p = s->provider;

	if (!key || !secret)
		return err_set(err, ERR_MODEL, "%s is set and %s is not: both are needed", key ? p->key_variable : p->secret_variable,
			       key ? p->secret_variable : p->key_variable);
	if (check_half(key, true, p->key_variable, err) != 0 || check_half(secret, false, p->secret_variable, err) != 0)
		return -1;
	s->key = mem_strdup(key);
	s->secret = mem_strdup(secret);
	return 0;
}

/* ---- the file ---------------------------------------------------------------------------- */

static char *file_path(const struct provider *p)
{
	const char *named = variable(p->file_variable), *config = variable("XDG_CONFIG_HOME"), *home = variable("HOME");

	if (named)
		return mem_strdup(named);
	if (config)
		return mem_printf("%s/mgbatch/%s", config, p->name);
	return home ? mem_printf("%s/.config/mgbatch/%s", home, p->name) : NULL;
}

static int check_file(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set_sys(err, ERR_MODEL, errno, "cannot look at the credentials '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_MODEL, "the credentials '%s' are no regular file", path);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_MODEL, "the credentials '%s' belong to user %ld, not to user %ld who runs this: make a file of your own", path,
			       (long)st.st_uid, (long)geteuid());
	if (st.st_mode & CLOSED_BITS)
		return err_set(err, ERR_MODEL, "the credentials '%s' can be read by others (mode %04o): chmod 600 it", path,
			       (unsigned)(st.st_mode & 07777));
	if (st.st_size > FILE_MAX)
		return err_set(err, ERR_MODEL, "the credentials '%s' have %lld bytes: two lines were expected, key=... and secret=...", path,
			       (long long)st.st_size);
	return 0;
}

/* At most size - 1 bytes, and a NUL. */
static int read_all(int fd, char *text, size_t size, const char *path, struct err *err)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n != 0 && len < size - 1) {
		n = read(fd, text + len, size - 1 - len);
		if (n < 0 && errno != EINTR)
			return err_set_sys(err, ERR_MODEL, errno, "cannot read the credentials '%s'", path);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	if (strlen(text) != len)
		return err_set(err, ERR_MODEL, "the credentials '%s' are no text", path);
	return 0;
}

/* One line of the file, without its end. */
static int take_line(struct service *s, const char *line, size_t len, const char *path, int number, struct err *err)
{
	static const struct {
		const char *name;
		bool is_key;
	} halves[] = { { "key=", true }, { "secret=", false } };
	char what[600];

	if (len == 0 || line[0] == '#')
		return 0;
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(halves[i].name);
		char **half = halves[i].is_key ? &s->key : &s->secret;

		if (len < n || memcmp(line, halves[i].name, n) != 0)
			continue;
		if (*half)
			return err_set(err, ERR_MODEL, "the credentials '%s' say %s twice (line %d)", path, halves[i].name, number);
		*half = mem_strndup(line + n, len - n);
		(void)snprintf(what, sizeof what, "the %s in '%.500s'", halves[i].is_key ? "key" : "secret", path);
		return check_half(*half, halves[i].is_key, what, err);
	}
	return err_set(err, ERR_MODEL, "line %d of the credentials '%s' is neither key=... nor secret=...", number, path);
}

static int take_text(struct service *s, const char *text, const char *path, struct err *err)
{
	int number = 1;

	for (const char *at = text; *at; number++) {
		size_t len = strcspn(at, "\n"), bare = len > 0 && at[len - 1] == '\r' ? len - 1 : len;

		if (take_line(s, at, bare, path, number, err) != 0)
			return -1;
		at += len + (at[len] == '\n');
	}
	if (!s->key || !s->secret)
		return err_set(err, ERR_MODEL, "the credentials '%s' lack a line %s=...", path, s->key ? "secret" : "key");
	return 0;
}

static int take_open_file(struct service *s, int fd, const char *path, struct err *err)
{
	char text[FILE_MAX + 2];
	int rc = -1;

	if (check_file(fd, path, err) == 0 && read_all(fd, text, sizeof text, path, err) == 0)
		rc = take_text(s, text, path, err);
	wipe(text, sizeof text);
	return rc;
}

static int say_none(const struct provider *p, const char *path, struct err *err)
{
	return err_set(err, ERR_MODEL, "no credentials for '%s': set %s and %s, or write two lines, key=... and secret=..., to %s%s and chmod 600 it",
		       p->name, p->key_variable, p->secret_variable, path ? "" : "a file, name it in ", path ? path : p->file_variable);
}

static int take_file(struct service *s, struct err *err)
{
	const char *variable_name = s->provider->file_variable;
	bool is_said = variable(variable_name) != NULL;
	char *path = file_path(s->provider);
	int fd, saved, rc;

	/* not blocking: a pipe of that name is said to be none, and not waited for */
	fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	saved = errno;
	if (fd >= 0) {
		rc = take_open_file(s, fd, path, err);
		(void)close(fd);
	} else if (!path || ((saved == ENOENT || saved == ENOTDIR) && !is_said)) {
		rc = say_none(s->provider, path, err);
	} else if (saved == ELOOP) {
		rc = err_set(err, ERR_MODEL, "the credentials '%s' are a link: name the file itself in %s", path, variable_name);
	} else {
		rc = err_set_sys(err, ERR_MODEL, saved, "cannot open the credentials '%s'%s%s", path, is_said ? " that are named in " : "",
				 is_said ? variable_name : "");
	}
	free(path);
	return rc;
}

/* ---- where ----------------------------------------------------------------------------------- */

static int take_base(struct service *s, struct err *err)
{
	const char *name = s->provider->url_variable, *said = variable(name);
	const char *url = said ? said : s->provider->base_url;
	char host[256];
	size_t len = strlen(url);
	bool is_https;

	if (len > BASE_MAX || strpbrk(url, "?#@ ") || !http_url_host(url, &is_https, host, sizeof host))
		return err_set(err, ERR_MODEL, "%s is no address: expected https://HOST/v1, without a query, a user or a password", name);
	s->is_loopback = http_host_is_loopback(host);
	if (!is_https && !s->is_loopback)
		return err_set(err, ERR_MODEL, "%s is not https, and '%s' is another machine: key and secret would cross the network for all to read; "
			       "expected https://%s/...", name, host, host);
	while (len > 0 && url[len - 1] == '/')
		len--;
	s->base = mem_strndup(url, len);
	return 0;
}

/* Ids of projects are words of ASCII; another text is a slip of the hand, and would go into every address. */
static int take_project(struct service *s, const char *project, struct err *err)
{
	const char *said = variable(s->provider->project_variable), *id = said ? said : project;

	if (!id || !*id)
		return 0;
	if (!wire_is_id(id))
		return err_set(err, ERR_MODEL, "%s is no id of a project: expected something like proj_AbC123", said ? s->provider->project_variable
														     : "hosted.project");
	s->project = mem_strdup(id);
	return 0;
}

/* What is in it is libcurl's business. */
static int take_certificates(struct service *s, struct err *err)
{
	const char *path = variable(CA_VARIABLE);

	if (!path)
		return 0;
	if (access(path, R_OK) != 0)
		return err_set_sys(err, ERR_MODEL, errno, "cannot read '%s', which %s names: expected a file of certificates (PEM)", path, CA_VARIABLE);
	s->ca_file = mem_strdup(path);
	return 0;
}

int service_read(struct service *ret, const struct provider *provider, const char *project, struct err *err)
{
	const char *key = variable(provider->key_variable), *secret = variable(provider->secret_variable);
	int rc;

	*ret = (struct service){ .provider = provider };
	rc = take_base(ret, err);
	if (rc == 0)
		rc = take_certificates(ret, err);
	if (rc == 0)
		rc = take_project(ret, project, err);
	if (rc == 0)
		rc = key || secret ? take_variables(ret, key, secret, err) : take_file(ret, err);
	if (rc != 0)
		service_release(ret);
	return rc;
}

void service_release(struct service *s)
{
	wipe_free(s->key);
	wipe_free(s->secret);
	free(s->base);
	free(s->project);
	free(s->ca_file);
	*s = (struct service){ .provider = NULL };
}
