/* See pull.h. */
#include "store/pull_inside.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPARE_BYTES ((uint64_t)64 << 20) /* of the disk: for everybody else who writes there meanwhile */
#define HOLDER_MAX 256
#define HOST_SIZE 256

/* ---- opening ---------------------------------------------------------------------------- */

static int check_version(const char *version, struct err *err)
{
	struct strbuf all = STRBUF_INIT(ERR_TEXT_MAX);
	const char *names[32], *near;
	size_t n = 0;

	if (store_public_bytes(version))
		return 0;
	for (; n < sizeof names / sizeof *names && store_public_at((int)n); n++) {
		names[n] = store_public_at((int)n);
		strbuf_addf(&all, "%s%s", n ? ", " : "", names[n]);
	}
	near = text_nearest(version, names, n);
	(void)err_set(err, ERR_USAGE, "only public versions can be pulled: %s; found '%.100s'%s%s%s", all.buf, version, near ? ", did you mean '" : "",
		      near ? near : "", near ? "'?" : "");
	strbuf_release(&all);
	return -1;
}

/* Where it goes to, and nobody else goes there now. */
static int take_place(struct store_pull *p, struct err *err)
{
	char *lock_path = mem_printf("%s/.%s.lock", p->root, p->version), note[48];
	struct strbuf holder = STRBUF_INIT(HOLDER_MAX);
	int r = fs_make_dirs(p->root, err);

	(void)snprintf(note, sizeof note, "process %lld", (long long)getpid());
	if (r == 0)
		r = fs_lock_take(&p->lock, lock_path, note, &holder, err);
	if (r == 1)
		r = err_set(err, ERR_LOCKED, "another mgbatch pulls '%s' at this moment%s%s%s: wait for it to end", p->version, holder.len ? " (" : "",
			    holder.buf, holder.len ? ")" : "");
	strbuf_release(&holder);
	free(lock_path);
	return r;
}

/* What a pull before this one, or somebody else, has left under the names. */
static int look_at_place(struct store_pull *p, struct err *err)
{
	struct store_files files = { 0 };
	struct err why = ERR_INIT;
	int found = fs_find(p->dir, err), r = 0;

	if (found < 0)
		return -1;
	if (found == 0)
		return fs_make_dirs(p->part, err);
	if (store_files_find(&files, p->dir, &why) == 0)
		p->stage = PULL_DONE;
	else
		r = err_set(err, ERR_MODEL, "'%s' is there and not complete: %.300s. Rename it to '%s', then pull again: what is good of it is kept",
			    p->dir, why.text, p->part);
	store_files_release(&files);
	return r;
}

static int open_http(struct store_pull *p, const struct store_pull_config *config, struct err *err)
{
	const char *ca_file = getenv("CURL_CA_BUNDLE");
	struct http_config http = { .user_agent = config->user_agent, .ca_file = ca_file && *ca_file ? ca_file : NULL };
	char host[HOST_SIZE];
	bool is_https;

	if (http.ca_file && !fs_is_file(http.ca_file))
		return err_set(err, ERR_USAGE, "'%s', which CURL_CA_BUNDLE names, is no file", http.ca_file);
	if (!http_url_host(p->base, &is_https, host, sizeof host))
		BUG("hub_base lets an address pass that is none");
	p->host = mem_strdup(host);
	p->is_base_loopback = http_host_is_loopback(host);
	return http_open(&p->http, &http, err);
}

int store_pull_open(struct store_pull **ret, const char *version, const struct store_pull_config *config, struct err *err)
{
	struct store_pull *p;

	if (check_version(version, err) != 0)
		return -1;
	p = mem_zalloc(1, sizeof *p);
	p->lock.fd = p->check_fd = -1;
	p->version = mem_strdup(version);
	p->clock_rate = config->clock_rate > 0 ? config->clock_rate : 1;
	p->root = store_own_root();
	if (!p->root) {
		(void)err_set(err, ERR_MODEL, "there is no place for checkpoints: neither XDG_DATA_HOME nor HOME is set");
		goto fail;
	}
	p->dir = fs_join(p->root, version);
	p->part = mem_printf("%s.part", p->dir);
	if (hub_base(&p->base, err) != 0 || open_http(p, config, err) != 0 || take_place(p, err) != 0 || look_at_place(p, err) != 0)
		goto fail;
	*ret = p;
	return 0;
fail:
	store_pull_close(p);
	return -1;
}

void store_pull_close(struct store_pull *p)
{
	if (!p)
		return;
	pull_check_end(p);
	http_close(p->http);
	if (p->lock.fd >= 0)
		(void)rmdir(p->part); /* where nothing came it is empty, and only then this removes it */
	fs_lock_release(&p->lock);
	hub_listing_release(&p->listing);
	store_record_release(&p->record);
	free(p->version);
	free(p->base);
	free(p->host);
	free(p->root);
	free(p->dir);
	free(p->part);
	free(p->url);
	free(p->path);
	free(p->etag_path);
	free(p);
}

/* ---- stages ----------------------------------------------------------------------------- */

/* How much is still to come, against the room that there is. */
static int check_space(const struct store_pull *p, struct err *err)
{
	uint64_t needed = 0, n_free = 0;
	char want[32], have[32];

	for (int i = 0; i < p->listing.n; i++) {
		char *path = fs_join(p->part, p->listing.files[i].name);
		struct err ignored = ERR_INIT;
		uint64_t size = 0;

		if (fs_is_file(path) && fs_size(path, &size, &ignored) != 0)
			size = 0;
		free(path);
		needed += size < p->listing.files[i].bytes ? p->listing.files[i].bytes - size : 0;
	}
	if (fs_free_bytes(p->part, &n_free, err) != 0)
		return -1;
	if (needed == 0 || (n_free >= SPARE_BYTES && needed <= n_free - SPARE_BYTES))
		return 0;
	return err_set(err, ERR_DISK_FULL, "'%s' needs %s more, and the disk of '%s' has %s free: make room there, or set XDG_DATA_HOME to a folder on "
		       "another disk", p->version, text_bytes(want, sizeof want, needed + SPARE_BYTES), p->root, text_bytes(have, sizeof have, n_free));
}

static void read_etag(struct store_pull *p)
{
	struct strbuf text = STRBUF_INIT(sizeof p->etag - 1);
	struct err ignored = ERR_INIT;

	p->etag[0] = '\0';
	if (fs_is_file(p->etag_path) && fs_read(p->etag_path, &text, &ignored) == 0 && text.len >= 2 && strlen(text.buf) == text.len)
		memcpy(p->etag, text.buf, text.len + 1);
	strbuf_release(&text);
}

/* The next one that is not there, or one that is there and was not checked by this pull. */
static int begin_file(struct store_pull *p, int timeout_ms, struct err *err)
{
	uint64_t size = 0;

	(void)timeout_ms;
	if (p->at == 0 && check_space(p, err) != 0)
		return -1;
	if (p->at == p->listing.n) {
		p->stage = PULL_PLACE;
		return 0;
	}
	free(p->path);
	free(p->etag_path);
	free(p->url);
	p->url = NULL;
	p->path = fs_join(p->part, pull_file(p)->name);
	p->etag_path = mem_printf("%s.etag", p->path);
	p->n_saved = p->resumed_at = 0;
	read_etag(p);
	if (fs_find(p->path, err) < 0)
		return -1;
	if (fs_exists(p->path) && !fs_is_file(p->path))
		return err_set(err, ERR_IO, "'%s' is no file: remove it, then pull again", p->path);
	if (fs_exists(p->path) && fs_size(p->path, &size, err) != 0)
		return -1;
	p->stage = fs_exists(p->path) && size == pull_file(p)->bytes ? PULL_CHECK : PULL_FETCH;
	return 0;
}

/* All files are there, checked and synced. */
static int place(struct store_pull *p, int timeout_ms, struct err *err)
{
	struct store_files files = { 0 };
	int r;

	(void)timeout_ms;
	p->record.repository = mem_printf("facebook/musicgen-%s", p->version);
	p->record.commit = mem_strdup(p->listing.commit);
	r = store_files_find(&files, p->part, err); /* an index may name shards that the hub does not list */
	store_files_release(&files);
	if (r != 0)
		return err_wrap(err, "facebook/musicgen-%s, as the hub lists it", p->version);
	if (store_record_write(&p->record, p->part, err) != 0 || fs_sync_dir(p->part, err) != 0 || fs_rename(p->part, p->dir, err) != 0 ||
	    fs_sync_dir(p->root, err) != 0)
		return -1;
	p->stage = PULL_DONE;
	return 0;
}

int store_pull_step(struct store_pull *p, int timeout_ms, struct err *err)
{
	static int (*const stages[PULL_N_STAGES])(struct store_pull *, int, struct err *) = {
		[PULL_LIST] = pull_list, [PULL_FILE] = begin_file, [PULL_FETCH] = pull_fetch, [PULL_WAIT] = pull_wait,
		[PULL_CHECK] = pull_check, [PULL_PLACE] = place,
	};

	if (p->stage == PULL_DONE)
		return 1;
	if (stages[p->stage](p, timeout_ms, err) != 0)
		return -1;
	return p->stage == PULL_DONE;
}

/* ---- looking ---------------------------------------------------------------------------- */

void store_pull_look(const struct store_pull *p, struct store_pull_progress *ret)
{
	static const enum store_pull_doing doings[PULL_N_STAGES] = {
		[PULL_LIST] = STORE_PULL_LISTS, [PULL_FILE] = STORE_PULL_FETCHES, [PULL_FETCH] = STORE_PULL_FETCHES, [PULL_WAIT] = STORE_PULL_WAITS,
		[PULL_CHECK] = STORE_PULL_CHECKS, [PULL_PLACE] = STORE_PULL_PLACES, [PULL_DONE] = STORE_PULL_PLACES,
	};
	bool is_under_way = p->is_asking && p->stage == PULL_FETCH;
	int64_t wait_ms = p->wait_until_ms - clock_monotonic_ms();

	*ret = (struct store_pull_progress){ .doing = doings[p->stage], .file = p->at < p->listing.n ? pull_file(p)->name : "", .trouble = p->trouble,
					     .licence = p->licence, .n_files = p->listing.n, .n_done = p->at, .n_bytes = p->listing.n_bytes, .n_fetched = p->n_fetched };
	for (int i = 0; i < p->at; i++)
		ret->n_have += p->listing.files[i].bytes;
	if (p->at < p->listing.n)
		ret->n_have += p->stage == PULL_CHECK ? pull_file(p)->bytes : (uint64_t)p->n_saved;
	if (is_under_way)
		ret->n_fetched += (uint64_t)(p->n_saved - (p->n_saved >= p->resumed_at ? p->resumed_at : 0));
	if (p->stage == PULL_WAIT && wait_ms > 0)
		ret->wait_s = (double)wait_ms / 1000;
}

const char *store_pull_dir(const struct store_pull *p)
{
	return p->dir;
}

const char *store_pull_commit(const struct store_pull *p)
{
	return p->listing.commit;
}

bool store_pull_has_begun(const struct store_pull *p)
{
	return p->at > 0 || p->n_saved > 0;
}
