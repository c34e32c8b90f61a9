/*
 * uploads: input sounds go to the service once for each content, however many jobs want them.
 *
 * create -> the parts, one after the other -> complete -> look until it is imported -> UPLOADED handed out -> its jobs go on. A job that
 * knows its input's asset (of an earlier run) uploads nothing. What goes wrong ends the upload, and every job that waits for it fails with it;
 * whoever tries again begins a new one.
 *
 * What is sent is the file itself where the service takes its kind (by its bytes, not by its name), else a WAV made of it in work_dir.
 */
#include "backend/hosted/hosted_inside.h"

#include "audio/audio.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Parts have at least 5 MB but for the last, and there are at most 10,000 (the service's documentation); the maker's plug-in has 8 MiB. */
#define PART_BYTES ((int64_t)8 << 20)
#define FILE_BYTES_MAX (PART_BYTES * WIRE_PARTS_MAX)
#define CONVERT_FRAMES_MAX ((size_t)50 << 20) /* 18 minutes at 48 kHz, 400 MiB of stereo while it is converted */
#define CONVERT_BITS 16                       /* what every reader of WAV takes */

static struct upload *find_upload(const struct hosted *h, const char *sha256)
{
	for (size_t i = 0; i < h->n_uploads; i++)
		if (strcmp(h->uploads[i]->sha256, sha256) == 0)
			return h->uploads[i];
	return NULL;
}

static struct upload *need_upload(struct hosted *h, const struct job *job)
{
	struct upload *u = find_upload(h, job->input_sha256);

	if (u)
		return u;
	u = mem_zalloc(1, sizeof *u);
	mover_join(&u->mover, &h->movers);
	u->job = job;
	(void)snprintf(u->sha256, sizeof u->sha256, "%s", job->input_sha256);
	MEM_GROW(h->uploads, h->n_uploads, h->cap_uploads);
	h->uploads[h->n_uploads++] = u;
	return u;
}

/* ---- joining ----------------------------------------------------------------------------------------- */

static int refuse(const struct job *job, struct event *refusal, const char *sentence)
{
	*refusal = (struct event){ .kind = EVENT_FAILED, .job = job, .class = FAIL_INPUT };
	(void)snprintf(refusal->sentence, sizeof refusal->sentence, "%.500s", sentence);
	return -1;
}

static void use_asset(struct hosted *h, struct slot *s, const char *asset_id)
{
	s->upload = NULL;
	(void)snprintf(s->input_asset, sizeof s->input_asset, "%s", asset_id);
	weigh_slot(h, s);
}

int upload_join(struct hosted *h, struct slot *s, const char *known_asset, struct event *refusal)
{
	struct upload *u = find_upload(h, s->job->input_sha256);
	struct err err = ERR_INIT;

	if (known_asset && *known_asset && !(u && strcmp(u->void_asset, known_asset) == 0)) {
		use_asset(h, s, known_asset);
		return 0;
	}
	u = need_upload(h, s->job);
	if (u->mover.step == STEP_KEPT) {
		use_asset(h, s, u->asset_id);
		return 0;
	}
	if (u->mover.step == STEP_FREE) {
		if (job_check_input(s->job, &err) != 0)
			return refuse(s->job, refusal, err.text);
		u->job = s->job;
		u->mover.n_looks = 0;
		mover_go(&u->mover, STEP_CREATE);
		mover_due(&u->mover, hosted_now_ms(h));
	}
	s->upload = u;
	mover_go(&s->mover, STEP_INPUT);
	return 0;
}

bool upload_forget(struct hosted *h, const struct job *job, const char *asset_id)
{
	struct upload *u = need_upload(h, job);

	if (u->void_asset[0])
		return strcmp(u->void_asset, asset_id) == 0;
	(void)snprintf(u->void_asset, sizeof u->void_asset, "%s", asset_id);
	if (u->mover.step == STEP_KEPT && strcmp(u->asset_id, asset_id) == 0)
		mover_go(&u->mover, STEP_FREE);
	return true;
}

/* ---- what is sent --------------------------------------------------------------------------------------- */

/* NULL: the service does not list it. */
static const char *mime_of(const struct provider *p, const char *ending)
{
	for (int i = 0; ending && p->audio[i].mime; i++)
		if (strcmp(p->audio[i].extension, ending) == 0)
			return p->audio[i].mime;
	return NULL;
}

static int convert(struct hosted *h, struct upload *u, struct err *err)
{
	struct audio_write_spec spec = { .format = AUDIO_WAV, .bits = CONVERT_BITS };
	struct pcm pcm = PCM_INIT;
	int fd = -1, rc;

	if (audio_read(u->job->input_path, CONVERT_FRAMES_MAX, &pcm, err) != 0)
		return err_wrap(err, "the service does not take this kind of file, and it cannot be made into a WAV");
	u->path = hosted_file(h, "input");
	u->is_converted = true;
	rc = audio_write(u->path, &pcm, &spec, &fd, err);
	if (fd >= 0)
		(void)close(fd);
	pcm_release(&pcm);
	u->mime = mime_of(h->service.provider, ".wav");
	return rc;
}

static int prepare(struct hosted *h, struct upload *u, struct err *err)
{
	const char *ending = NULL;
	uint64_t n_bytes = 0;

	if (hosted_sniff(u->job->input_path, &ending) != 0)
		return err_set(err, ERR_INPUT, "the input '%s' cannot be read", u->job->input_path);
	u->mime = mime_of(h->service.provider, ending);
	if (!u->mime && convert(h, u, err) != 0)
		return -1;
	if (!u->path)
		u->path = mem_strdup(u->job->input_path);
	if (!u->mime)
		BUG("the provider '%s' does not take WAV", h->service.provider->name);
	if (fs_size(u->path, &n_bytes, err) != 0)
		return -1;
	if (n_bytes > (uint64_t)FILE_BYTES_MAX)
		return err_set(err, ERR_INPUT, "the input '%s' has %llu bytes: at most %lld can be uploaded", u->job->input_path,
			       (unsigned long long)n_bytes, (long long)FILE_BYTES_MAX);
	u->n_bytes = (int64_t)n_bytes;
	return 0;
}

static int n_parts(const struct upload *u)
{
	return (int)((u->n_bytes + PART_BYTES - 1) / PART_BYTES);
}

/* As the user finds it among his files there: the file's own name, with the ending of what is sent. */
static char *file_name(const struct upload *u)
{
	const char *name = fs_basename(u->job->input_path), *dot = strrchr(name, '.');
	size_t stem = dot && dot > name ? (size_t)(dot - name) : strlen(name);

	if (!text_is_utf8(name, strlen(name)))
		return mem_printf("%.12s%s", u->sha256, u->is_converted ? ".wav" : "");
	return u->is_converted ? mem_printf("%.*s.wav", (int)stem, name) : mem_strdup(name);
}

/* ---- requests --------------------------------------------------------------------------------------------- */

static void ask_create(struct hosted *h, struct upload *u)
{
	struct ask ask = { .path = h->service.provider->uploads };
	struct strbuf body = STRBUF_INIT(8192);
	char *name = file_name(u);

	wire_upload_body(&body, name, u->mime, u->n_bytes, n_parts(u));
	ask.body = body.buf;
	ask_by(h, &u->mover, &ask);
	strbuf_release(&body);
	free(name);
}

/* The file's fault: nothing more is asked. */
static void refuse_file(struct hosted *h, struct upload *u, const struct err *err)
{
	struct heard heard = { .http = NULL };

	(void)snprintf(heard.why, sizeof heard.why, "%.500s", err->text);
	mover_go(&u->mover, STEP_FREE);
	upload_refused(h, &u->mover, &heard);
}

static void begin_create(struct hosted *h, struct upload *u)
{
	struct err err = ERR_INIT;

	mover_go(&u->mover, STEP_CREATING);
	if (prepare(h, u, &err) == 0)
		ask_create(h, u);
	else if (err.code == ERR_INPUT)
		refuse_file(h, u, &err);
	else
		steps_cannot(h, &u->mover, &err);
}

static void begin_put(struct hosted *h, struct upload *u)
{
	int64_t at = u->n_put * PART_BYTES, left = u->n_bytes - at;
	struct http_request request = { .method = HTTP_PUT, .url = u->at_service.urls[u->n_put], .content_type = u->mime, .file = u->path,
					.offset = at, .n_bytes = left < PART_BYTES ? left : PART_BYTES, .stall_ms = STALL_MS };
	struct err err = ERR_INIT;

	mover_go(&u->mover, STEP_PUTTING);
	if (http_begin(h->http, &request, &u->mover, &err) != 0)
		steps_cannot(h, &u->mover, &err);
}

static void begin_complete(struct hosted *h, struct upload *u)
{
	struct ask ask = { .path = h->service.provider->upload_action, .names = { .upload = u->at_service.id } };
	struct strbuf body = STRBUF_INIT(100);
	struct err err = ERR_INIT;

	mover_go(&u->mover, STEP_COMPLETING);
	if (job_check_input(u->job, &err) == 0) { /* or else bytes of two files were sent */
		wire_action_body(&body, "complete");
		ask.body = body.buf;
		ask_by(h, &u->mover, &ask);
	} else {
		refuse_file(h, u, &err);
	}
	strbuf_release(&body);
}

static void begin_look(struct hosted *h, struct upload *u)
{
	struct ask ask = { .path = h->service.provider->upload, .names = { .upload = u->at_service.id } };

	mover_go(&u->mover, STEP_LOOKING);
	ask_by(h, &u->mover, &ask);
}

void upload_begin(struct hosted *h, struct upload *u)
{
	static void (*const begin[N_STEPS])(struct hosted *, struct upload *) = {
		[STEP_CREATE] = begin_create, [STEP_PART] = begin_put, [STEP_COMPLETE] = begin_complete, [STEP_LOOK] = begin_look,
	};

	begin[u->mover.step](h, u);
}

/* ---- answers ---------------------------------------------------------------------------------------------- */

static enum came read_upload(struct heard *heard)
{
	struct err err = ERR_INIT;

	return heard_read(heard, wire_read_upload(heard->http->body.buf, heard->http->body.len, &heard->upload, &err), &err);
}

enum came upload_read_create(struct hosted *h, struct mover *m, struct heard *heard)
{
	int wanted = n_parts(upload_of(m));

	(void)h;
	if (read_upload(heard) != CAME_GOOD)
		return CAME_GARBLED;
	if (heard->upload.n_parts == wanted)
		return CAME_GOOD;
	(void)snprintf(heard->why, sizeof heard->why, "the service wants %d parts of it, %d were announced", heard->upload.n_parts, wanted);
	return CAME_GARBLED;
}

enum came upload_read_put(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct upload *u = upload_of(m);

	(void)h;
	(void)heard;
	return u->n_put + 1 == u->at_service.n_parts ? CAME_READY : CAME_GOOD;
}

enum came upload_read_look(struct hosted *h, struct mover *m, struct heard *heard)
{
	static const enum came by_status[] = {
		[WIRE_UPLOAD_WAITS] = CAME_GOOD, [WIRE_UPLOAD_IMPORTED] = CAME_READY, [WIRE_UPLOAD_FAILED] = CAME_ENDED,
	};

	(void)h;
	(void)m;
	if (read_upload(heard) != CAME_GOOD)
		return CAME_GARBLED;
	if (heard->upload.status == WIRE_UPLOAD_FAILED)
		(void)snprintf(heard->why, sizeof heard->why, "the service could not use it%s%s%s", heard->upload.why[0] ? ": '" : "", heard->upload.why,
			       heard->upload.why[0] ? "'" : "");
	if (heard->upload.status == WIRE_UPLOAD_IMPORTED && !heard->upload.asset_id[0])
		return CAME_GOOD; /* the id comes a little later */
	return by_status[heard->upload.status];
}

void upload_created(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct upload *u = upload_of(m);

	(void)h;
	u->at_service = heard->upload; /* its addresses are this one's from now on */
	heard->upload = (struct wire_upload){ .n_parts = 0 };
	u->n_put = 0;
}

void upload_put(struct hosted *h, struct mover *m, struct heard *heard)
{
	(void)heard;
	upload_of(m)->n_put++;
	mover_due(m, hosted_now_ms(h));
}

void upload_completed(struct hosted *h, struct mover *m, struct heard *heard)
{
	(void)heard;
	m->n_looks = 0;
	mover_later(h, m);
	upload_of(m)->deadline_ms = hosted_now_ms(h) + h->deadline_ms;
}

void upload_imported(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct upload *u = upload_of(m);

	(void)h;
	(void)snprintf(u->asset_id, sizeof u->asset_id, "%s", heard->upload.asset_id);
}

/* ---- ends -------------------------------------------------------------------------------------------------- */

/* What it needed on the way; what is known of the content stays. */
static void clear(struct upload *u)
{
	if (u->is_converted && u->path)
		(void)remove(u->path);
	free(u->path);
	u->path = NULL;
	u->is_converted = false;
	u->n_put = 0;
	wire_upload_release(&u->at_service);
}

/* m, or the next one after it that waits for u; NULL: none. */
static struct mover *waiter(struct mover *m, const struct upload *u)
{
	while (m && slot_of(m)->upload != u)
		m = m->next;
	return m;
}

void upload_hand_out(struct hosted *h, struct upload *u, struct event *out)
{
	struct mover *m, *next;

	*out = (struct event){ .kind = EVENT_UPLOADED, .job = u->job, .asset_id = u->asset_id };
	mover_go(&u->mover, STEP_KEPT);
	clear(u);
	for (m = waiter(movers_at(&h->movers, STEP_INPUT), u); m; m = next) {
		next = waiter(m->next, u);
		use_asset(h, slot_of(m), u->asset_id);
	}
}

static void fail_all(struct hosted *h, struct upload *u, enum fail_class class, const char *why, bool is_not_sent, int64_t retry_after_ms)
{
	struct mover *m, *next;

	for (m = waiter(movers_at(&h->movers, STEP_INPUT), u); m; m = next) {
		struct slot *s = slot_of(m);

		next = waiter(m->next, u);
		s->upload = NULL;
		slot_fail(s, class, "uploading the input '%.200s': %.280s", fs_basename(s->job->input_path), why);
		s->end.is_not_sent = is_not_sent;
		s->end.retry_after_ms = retry_after_ms;
	}
	clear(u);
}

void upload_look_again(struct hosted *h, struct mover *m, struct heard *heard)
{
	struct upload *u = upload_of(m);
	char text[32], why[200];

	mover_later(h, m);
	if (hosted_now_ms(h) < u->deadline_ms)
		return;
	(void)snprintf(why, sizeof why, "the service has not taken it in after %s%s%.100s",
		       text_duration(text, sizeof text, (double)h->deadline_ms / 1000), heard->why[0] ? ": " : "", heard->why);
	mover_go(m, STEP_FREE);
	fail_all(h, u, FAIL_REMOTE, why, false, 0);
}

void upload_not_sent(struct hosted *h, struct mover *m, struct heard *heard)
{
	fail_all(h, upload_of(m), FAIL_REMOTE, heard->why, true, steps_not_sent_ms(h));
}

void upload_refused(struct hosted *h, struct mover *m, struct heard *heard)
{
	fail_all(h, upload_of(m), FAIL_INPUT, heard->why, false, 0);
}

void upload_slow(struct hosted *h, struct mover *m, struct heard *heard)
{
	fail_all(h, upload_of(m), FAIL_REMOTE_RATE, heard->why, true, hosted_real_ms(h, heard_wait_ms(heard, 0)));
}

void upload_barred(struct hosted *h, struct mover *m, struct heard *heard)
{
	hosted_bar(h, heard->why);
	fail_all(h, upload_of(m), FAIL_MODEL, heard->why, true, 0);
}

void upload_failed(struct hosted *h, struct mover *m, struct heard *heard)
{
	fail_all(h, upload_of(m), FAIL_REMOTE, heard->why, false, 0);
}

void upload_cannot(struct hosted *h, struct mover *m, struct heard *heard)
{
	fail_all(h, upload_of(m), heard_here(heard), heard->why, false, 0);
}

void uploads_call_off(struct hosted *h)
{
	for (size_t i = 0; i < h->n_uploads; i++) {
		struct upload *u = h->uploads[i];

		if (u->mover.step == STEP_FREE || u->mover.step == STEP_KEPT)
			continue;
		http_cancel(h->http, &u->mover);
		mover_go(&u->mover, STEP_FREE);
		clear(u);
	}
}

void uploads_drop(struct hosted *h)
{
	for (size_t i = 0; i < h->n_uploads; i++) {
		clear(h->uploads[i]);
		free(h->uploads[i]);
	}
	free(h->uploads);
}
