#include "engine/inside.h"

#include "base/fs.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "engine/weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define SMALL_FILE_MAX (64 * 1024) /* /proc/meminfo has some 1,500 bytes */

static void fill_info(struct engine *e)
{
	const struct model *m = e->model;

	e->info = (struct engine_info){
		.width = m->lm.width,
		.n_layers = m->lm.n_layers,
		.n_heads = m->lm.n_heads,
		.n_codebooks = m->lm.n_codebooks,
		.n_channels = m->lm.n_channels,
		.rate_hz = m->codec.rate_hz,
		.frame_samples = m->codec.frame_samples,
		.frame_rate_hz = (double)m->codec.rate_hz / m->codec.frame_samples,
		.max_frames = (int)((int64_t)ENGINE_SECONDS_MAX * m->codec.rate_hz / m->codec.frame_samples),
		.window_frames = m->lm.window_frames,
		.is_melody = m->lm.melody_classes > 0,
		.melody_classes = m->lm.melody_classes,
		.melody_samples = m->lm.melody_classes > 0 ? melody_samples(m) : 0,
		.weight_bytes = m->weight_bytes,
	};
}

/* Checked once here, so that no id can ever be past the embedding. */
static int check_vocabulary(const struct engine *e, const char *path, struct err *err)
{
	if (tokenizer_max_id(e->tokenizer) < e->model->t5.vocab)
		return 0;
	return err_set(err, ERR_MODEL, "'%s' gives ids up to %d, but the text encoder has %d: the two files do not belong together", path,
		       tokenizer_max_id(e->tokenizer), e->model->t5.vocab);
}

static int open_engine(struct engine **ret, const char *dir, int (*get_model)(struct model **, const char *, struct err *), struct err *err)
{
	struct engine *e = mem_zalloc(1, sizeof(*e));
	char *path = fs_join(dir, "tokenizer.json");
	int status = -1;

	if (get_model(&e->model, dir, err) || tokenizer_open(&e->tokenizer, path, err) || check_vocabulary(e, path, err))
		goto out;
	fill_info(e);
	*ret = e;
	status = 0;
out:
	free(path);
	if (status)
		engine_close(e);
	return status;
}

int engine_open(struct engine **ret, const char *dir, struct err *err)
{
	return open_engine(ret, dir, model_open, err);
}

int engine_measure(struct engine **ret, const char *dir, struct err *err)
{
	return open_engine(ret, dir, model_measure, err);
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	tokenizer_close(e->tokenizer);
	model_close(e->model);
	free(e);
}

const struct engine_info *engine_get_info(const struct engine *e)
{
	return &e->info;
}

struct windows windows_of(const struct engine *e, int n_frames, int n_given)
{
	int full = e->info.window_frames;

	return (struct windows){ n_frames, n_given, full, windows_stride(full) };
}

int engine_n_windows(const struct engine *e, int n_frames, int n_codes_frames)
{
	struct windows w = windows_of(e, n_frames, n_codes_frames);

	return windows_count(&w);
}

int engine_check_weights(const struct engine *e, struct err *err)
{
	for (size_t i = 0; i < weights_count(e->model->file); i++)
		if (weights_check_finite(weights_get(e->model->file, i), err))
			return -1;
	return 0;
}

/* ---- what a request needs ----------------------------------------------------------------------------- */

struct request_need request_need_of(const struct model *m, const struct sequence_request *r, int n_ids)
{
	const struct lm_dims *d = &m->lm;
	bool is_melody = d->melody_classes > 0, has_condition = (n_ids > 0 || r->melody) && r->guidance != 0;
	int n_text = !is_melody ? 0 : n_ids > 0 ? n_ids : 1; /* no prompt: one row of zeros (musicgen.md 9.4) */
	int n_frames = r->n_frames < d->window_frames ? r->n_frames : d->window_frames;
	uint64_t values = (uint64_t)r->n_frames * (uint64_t)m->codec.frame_samples * (uint64_t)d->n_channels;
	struct request_need need = {
		.has = { [CONDITIONAL] = has_condition, [UNCONDITIONAL] = !has_condition || r->guidance != 1.0f },
		.stream_blocks = kv_blocks_for(model_n_before(d, n_text) + n_frames + model_n_delays(d)),
		.n_text = n_text,
		.text_blocks = is_melody || !has_condition ? 0 : kv_blocks_for(n_ids),
		.sample_bytes = values * sizeof(float),
	};

	need.n_streams = need.has[CONDITIONAL] + need.has[UNCONDITIONAL];
	return need;
}

uint64_t request_need_bytes(const struct model *m, const struct request_need *need)
{
	struct kv_shape shape = lm_kv_shape(m);

	return (uint64_t)(need->n_streams * need->stream_blocks + need->text_blocks) * kv_block_bytes(&shape) + need->sample_bytes;
}

/* An empty text is no condition (musicgen.md 2.1, 5). At guidance 0 it is out of reach: only the number of rows that stand in for
 * it counts, and a text model has none. */
int request_ids(const struct engine *e, const struct sequence_request *r, int *ids, int *n, struct err *err)
{
	*n = 0;
	if (!r->prompt || !*r->prompt || (r->guidance == 0 && !e->info.is_melody))
		return 0;
	return tokenizer_encode(e->tokenizer, r->prompt, ids, ENGINE_PROMPT_TOKENS_MAX, n, err);
}

/* A sound to continue or to follow. */
static int check_sound(const struct engine *e, const struct sequence_request *r, struct err *err)
{
	const struct engine_info *info = &e->info;
	double rate = info->frame_rate_hz;
	int n = r->n_codes_frames;

	if (r->melody && n > 0)
		return err_set(err, ERR_INPUT, "a sound to continue and a melody to follow are given: a clip has one or the other");
	if (r->melody && !info->is_melody)
		return err_set(err, ERR_INPUT, "a melody is given, but this model follows none: take a melody model, or continue the sound instead");
	if (n < 0)
		return err_set(err, ERR_INPUT, "the sound to continue has %d frames, expected at least 0", n);
	if (n >= info->window_frames)
		return err_set(err, ERR_INPUT, "the sound to continue has %d frames (%.2f s), this model takes fewer than %d (%.2f s): continue a shorter piece of it",
			       n, n / rate, info->window_frames, info->window_frames / rate);
	if (n > 0 && n >= r->n_frames)
		return err_set(err, ERR_INPUT,
			       "the sound to continue has %d frames (%.2f s), and the clip with it %d (%.2f s): ask for a longer duration, which counts the sound, or continue a shorter piece of it",
			       n, n / rate, r->n_frames, r->n_frames / rate);
	return 0;
}

int request_check(const struct engine *e, const struct sequence_request *r, struct err *err)
{
	if (r->n_frames < 1 || r->n_frames > e->info.max_frames)
		return err_set(err, ERR_INPUT, "%d frames (%.2f s) asked, this model makes 1 to %d (%.2f s)", r->n_frames,
			       r->n_frames / e->info.frame_rate_hz, e->info.max_frames, e->info.max_frames / e->info.frame_rate_hz);
	if (!isfinite(r->guidance) || !isfinite(r->temperature) || r->temperature < 0 || !isfinite(r->top_p) || r->top_p < 0)
		return err_set(err, ERR_INPUT, "guidance %g, temperature %g, top-p %g: expected finite numbers, the last two at least 0",
			       (double)r->guidance, (double)r->temperature, (double)r->top_p);
	return check_sound(e, r, err);
}

int engine_check_request(const struct engine *e, const struct sequence_request *request, struct err *err)
{
	int ids[ENGINE_PROMPT_TOKENS_MAX], n;

	return request_check(e, request, err) || request_ids(e, request, ids, &n, err) ? -1 : 0;
}

uint64_t engine_request_bytes(const struct engine *e, const struct sequence_request *request)
{
	struct sequence_request within = *request;
	int ids[ENGINE_PROMPT_TOKENS_MAX], n = 0;
	struct request_need need;

	/* What is too long is refused when it is added; here it counts as the longest. */
	if (request_ids(e, request, ids, &n, NULL))
		n = ENGINE_PROMPT_TOKENS_MAX;
	if (within.n_frames < 1 || within.n_frames > e->info.max_frames)
		within.n_frames = e->info.max_frames;
	need = request_need_of(e->model, &within, n);
	return request_need_bytes(e->model, &need);
}

uint64_t engine_fixed_bytes(const struct engine *e, int n_slots, int n_threads)
{
	struct crew crew = { .n_threads = n_threads > 0 ? n_threads : pool_default_threads() };
	struct work *w = mem_zalloc(1, sizeof(*w));
	uint64_t bytes;

	work_init(w, e->model, &crew, n_slots > 0 ? n_slots : BATCH_SLOTS_DEFAULT);
	bytes = e->model->weight_bytes + w->slab.n_used;
	free(w);
	return bytes;
}

/* ---- memory of the machine ------------------------------------------------------------------------------ */

/* The number after `key` in a small text file; whole: the file is the number. UINT64_MAX: not there, or "max". */
static uint64_t read_number(const char *path, const char *key)
{
	struct strbuf text = STRBUF_INIT(SMALL_FILE_MAX);
	uint64_t value = UINT64_MAX;
	const char *at;

	if (fs_read(path, &text, NULL) == 0 && (at = *key ? strstr(text.buf, key) : text.buf)) {
		at += strlen(key);
		at += strspn(at, " \t");
		if (*at >= '0' && *at <= '9')
			value = strtoull(at, NULL, 10);
	}
	strbuf_release(&text);
	return value;
}

/* Room left in one cgroup: its limit less its use, page cache that can go not counted as used. */
static uint64_t room_of(const char *dir)
{
	char *limit_path = fs_join(dir, "memory.max"), *use_path = fs_join(dir, "memory.current"), *stat_path = fs_join(dir, "memory.stat");
	uint64_t limit = read_number(limit_path, ""), use = read_number(use_path, ""), cache = read_number(stat_path, "inactive_file");

	free(limit_path);
	free(use_path);
	free(stat_path);
	if (limit == UINT64_MAX || use == UINT64_MAX)
		return UINT64_MAX;
	if (cache != UINT64_MAX)
		use -= cache < use ? cache : use;
	return use < limit ? limit - use : 0;
}

/* The least room of this process's cgroup (version 2) and those above it. */
static uint64_t cgroup_room(void)
{
	struct strbuf text = STRBUF_INIT(SMALL_FILE_MAX);
	uint64_t least = UINT64_MAX, room;
	char *path = NULL, *at, *end;

	if (fs_read("/proc/self/cgroup", &text, NULL) == 0 && (at = strstr(text.buf, "0::/"))) {
		at[strcspn(at, "\n")] = '\0';
		path = mem_printf("%s%s", CGROUP_ROOT, at + 3);
	} else {
		path = mem_strdup(CGROUP_ROOT);
	}
	for (;;) {
		room = room_of(path);
		least = room < least ? room : least;
		end = strrchr(path, '/');
		if (strlen(path) <= strlen(CGROUP_ROOT) || !end)
			break;
		*end = '\0';
	}
	free(path);
	strbuf_release(&text);
	return least;
}

uint64_t engine_available_memory(void)
{
	uint64_t free_kb = read_number("/proc/meminfo", "MemAvailable:"), room = cgroup_room();
	uint64_t free_bytes = free_kb == UINT64_MAX ? 0 : free_kb * 1024;

	return room < free_bytes ? room : free_bytes;
}
