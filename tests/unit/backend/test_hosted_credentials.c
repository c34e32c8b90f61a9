/* backend/hosted/credentials: where key and secret may come from, and what is wrong with them, without saying them. */
#include "backend/hosted/credentials.h"
#include "unit/run/some_jobs.h"

#include <errno.h>

#define KEY "key_0123456789abcdef"
#define SECRET "hush/0123+456789="

static void forget(void)
{
	static const char *const names[] = { "SCENARIO_API_KEY", "SCENARIO_API_SECRET", "SCENARIO_CREDENTIALS", "SCENARIO_API_URL", "SCENARIO_PROJECT",
					     "SCENARIO_CA_FILE", "XDG_CONFIG_HOME" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)unsetenv(names[i]);
}

/* words NULL: it is right. */
static void check(const char *name, const char *words)
{
	struct service s;
	struct err err = ERR_INIT;
	int rc = service_read(&s, &provider_scenario, NULL, &err);
	char text[1200];

	(void)snprintf(text, sizeof text, "%s", rc == 0 ? "" : err.text);
	OK((rc == 0) == !words, "%s: %s", name, text);
	if (rc == 0) {
		OK(strcmp(s.key, KEY) == 0 && strcmp(s.secret, SECRET) == 0, "  both halves");
		service_release(&s);
	} else {
		OK(words && strstr(err.text, words), "  says '%s'", words ? words : "");
		IS_INT(err_exit_status(err.code), 5, "  exit 5");
		OK(!strstr(err.text, "0123") && !strstr(err.text, "hush"), "  and no part of them");
	}
}

static void test_variables(void)
{
	static const struct {
		const char *name, *key, *secret, *words;
	} rows[] = {
		{ "both", KEY, SECRET, NULL },
		{ "no secret", KEY, NULL, "SCENARIO_API_SECRET is not" },
		{ "no key", NULL, SECRET, "SCENARIO_API_KEY is not" },
		{ "an empty one is none", KEY, "", "SCENARIO_API_SECRET is not" },
		{ "a ':' in the key", KEY ":" SECRET, SECRET, "a ':'" },
		{ "a blank", "key 0123", SECRET, "SCENARIO_API_KEY has a blank" },
		{ "a line end", KEY, SECRET "\n", "SCENARIO_API_SECRET has a blank" },
		{ "another alphabet", KEY, "hush\xc3\xa9", "SCENARIO_API_SECRET has a blank" },
	};

	forget();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].key)
			(void)setenv("SCENARIO_API_KEY", rows[i].key, 1);
		else
			(void)unsetenv("SCENARIO_API_KEY");
		if (rows[i].secret)
			(void)setenv("SCENARIO_API_SECRET", rows[i].secret, 1);
		else
			(void)unsetenv("SCENARIO_API_SECRET");
		check(rows[i].name, rows[i].words);
	}
}

static void test_file(void)
{
	static const struct {
		const char *name, *text;
		mode_t mode;
		const char *words;
	} rows[] = {
		{ "two lines", "key=" KEY "\nsecret=" SECRET "\n", 0600, NULL },
		{ "the other way round, without an end", "secret=" SECRET "\nkey=" KEY, 0400, NULL },
		{ "comments, blank lines, lines of another system", "# mine\r\n\r\nkey=" KEY "\r\nsecret=" SECRET "\r\n", 0600, NULL },
		{ "others may read it", "key=" KEY "\nsecret=" SECRET "\n", 0604, "mode 0604" },
		{ "the group may", "key=" KEY "\nsecret=" SECRET "\n", 0640, "chmod 600" },
		{ "no secret", "key=" KEY "\n", 0600, "lack a line secret=" },
		{ "no key", "secret=" SECRET "\n", 0600, "lack a line key=" },
		{ "empty", "", 0600, "lack a line key=" },
		{ "an empty half", "key=\nsecret=" SECRET "\n", 0600, "is empty" },
		{ "twice", "key=" KEY "\nkey=" KEY "\nsecret=" SECRET "\n", 0600, "twice" },
		{ "another line", "key=" KEY "\nSECRET: " SECRET "\n", 0600, "line 2" },
		{ "a ':' in the key", "key=0123:hush\nsecret=" SECRET "\n", 0600, "a ':'" },
		{ "a blank", "key= " KEY "\nsecret=" SECRET "\n", 0600, "a blank" },
	};
	struct some_jobs s;
	char *path, *other;

	forget();
	some_jobs_open(&s, 1);
	path = fs_join(s.dir, "credentials");
	other = fs_join(s.dir, "link");
	(void)setenv("SCENARIO_CREDENTIALS", path, 1);
	check("a file that is not there", "No such file");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		(void)remove(path);
		put_file(&s, "credentials", rows[i].text);
		(void)chmod(path, rows[i].mode);
		check(rows[i].name, rows[i].words);
	}
	put_file(&s, "credentials", rows[0].text);
	(void)chmod(path, 0600);
	OK(symlink(path, other) == 0, "a link");
	(void)setenv("SCENARIO_CREDENTIALS", other, 1);
	check("a link to a good one", "are a link");
	(void)setenv("SCENARIO_CREDENTIALS", s.dir, 1);
	check("a folder", "no regular file");
	(void)remove(other);
	OK(mkfifo(other, 0600) == 0, "a pipe");
	(void)setenv("SCENARIO_CREDENTIALS", other, 1);
	check("a pipe, which nobody waits for", "no regular file");
	(void)setenv("SCENARIO_CREDENTIALS", path, 1);
	if (geteuid() == 0 && chown(path, 12345, (gid_t)-1) == 0)
		check("another user's", "12345");
	else
		SKIP("only the superuser can give a file away");
	some_jobs_close(&s);
	free(path);
	free(other);
}

/* Below the folder of configurations, where nothing is said. */
static void test_places(void)
{
	struct some_jobs s;
	char *path;

	forget();
	some_jobs_open(&s, 1);
	(void)setenv("XDG_CONFIG_HOME", s.dir, 1);
	check("nothing anywhere", "/mgbatch/scenario");
	put_file(&s, "mgbatch/scenario", "key=" KEY "\nsecret=" SECRET "\n");
	path = fs_join(s.dir, "mgbatch/scenario");
	(void)chmod(path, 0600);
	check("in XDG_CONFIG_HOME", NULL);
	free(path);
	(void)unsetenv("XDG_CONFIG_HOME");
	(void)setenv("HOME", s.dir, 1);
	put_file(&s, ".config/mgbatch/scenario", "key=" KEY "\nsecret=" SECRET "\n");
	path = fs_join(s.dir, ".config/mgbatch/scenario");
	(void)chmod(path, 0600);
	check("in HOME", NULL);
	free(path);
	some_jobs_close(&s);
}

static void test_address(void)
{
	static const struct {
		const char *url, *base, *words;
	} rows[] = {
		{ NULL, "https://api.cloud.scenario.com/v1", NULL },
		{ "https://example.org/v1/", "https://example.org/v1", NULL },
		{ "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", NULL },
		{ "http://localhost/v1", "http://localhost/v1", NULL },
		{ "http://example.org/v1", NULL, "not https" },
		{ "http://127.0.0.1.example.org/v1", NULL, "not https" },
		{ "https://user:0123@example.org/v1", NULL, "no address" },
		{ "https://example.org/v1?key=0123", NULL, "no address" },
		{ "ftp://example.org/", NULL, "no address" },
		{ "example.org", NULL, "no address" },
	};
	struct service s;
	struct err err = ERR_INIT;

	forget();
	(void)setenv("SCENARIO_API_KEY", KEY, 1);
	(void)setenv("SCENARIO_API_SECRET", SECRET, 1);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].url)
			(void)setenv("SCENARIO_API_URL", rows[i].url, 1);
		check(rows[i].url ? rows[i].url : "the provider's own", rows[i].words);
		if (!rows[i].words && service_read(&s, &provider_scenario, "", &err) == 0) {
			IS_TEXT(s.base, rows[i].base, "  its base");
			OK(s.is_loopback == (i == 2 || i == 3) && !s.project, "  where it is; no project");
			service_release(&s);
		}
	}
	(void)unsetenv("SCENARIO_API_URL");
	OK(service_read(&s, &provider_scenario, "proj_a", &err) == 0 && strcmp(s.project, "proj_a") == 0, "the manifest's project");
	service_release(&s);
	(void)setenv("SCENARIO_PROJECT", "proj_b", 1);
	(void)setenv("SCENARIO_CA_FILE", "/dev/null", 1);
	OK(service_read(&s, &provider_scenario, "proj_a", &err) == 0 && strcmp(s.project, "proj_b") == 0 && strcmp(s.ca_file, "/dev/null") == 0,
	   "the variables are nearer");
	service_release(&s);
	(void)setenv("SCENARIO_CA_FILE", "/nowhere/ca.pem", 1);
	check("certificates that are not there", "/nowhere/ca.pem");
	(void)unsetenv("SCENARIO_CA_FILE");
	(void)setenv("SCENARIO_PROJECT", "proj b&x=1", 1);
	check("a project that is none", "SCENARIO_PROJECT is no id");
}

int main(void)
{
	test_variables();
	test_file();
	test_places();
	test_address();
	return tap_done();
}
