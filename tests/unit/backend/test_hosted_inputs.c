/* backend/hosted: input sounds: one upload for each content, what is sent, and what goes wrong with it. */
#include "unit/backend/some_server.h"

#include "audio/audio.h"
#include "base/hash.h"

#define RATE_HZ 32000

/* A tone of its own pitch in work's folder; caller frees the path. */
static char *make_sound(const struct hosted_run *r, const char *name, enum audio_format format, double seconds, double step)
{
	struct pcm pcm = { NULL, (size_t)(seconds * RATE_HZ), 1, RATE_HZ };
	struct audio_write_spec spec = { .format = format, .bits = audio_format_is_lossy(format) ? AUDIO_LOSSY_BITS : 16 };
	char *path = fs_join(r->s.dir, name);
	struct err err = ERR_INIT;
	int fd = -1;

	pcm.samples = mem_alloc(pcm.n_frames * sizeof(float));
	for (size_t i = 0; i < pcm.n_frames; i++)
		pcm.samples[i] = (float)((double)((i * 7919) % 1000) / 1000 * step);
	(void)remove(path);
	if (audio_write(path, &pcm, &spec, &fd, &err) != 0)
		printf("Bail out! %s\n", err.text);
	if (fd >= 0)
		(void)close(fd);
	pcm_release(&pcm);
	return path;
}

/* Job i follows the sound at path, which the test owns; hex holds its hash. */
static void set_input(struct hosted_run *r, int i, const char *path, char hex[HASH_HEX_SIZE])
{
	struct value *values = &r->s.values[i * card_n_params(r->s.card)];
	unsigned char hash[HASH_BYTES];
	struct err err = ERR_INIT;

	if (hash_file(path, hash, &err) != 0)
		printf("Bail out! %s\n", err.text);
	hash_hex(hex, hash);
	values[card_find(r->s.card, "inputAudio")] = (struct value){ .as.text = path, .kind = VALUE_TEXT };
	r->s.jobs[i].input_path = path;
	r->s.jobs[i].input_sha256 = hex;
	job_identify(&r->s.jobs[i]);
}

static enum backend_answer give_known(struct hosted_run *r, int i, const char *asset_id)
{
	struct backend_task task = { .job = &r->s.jobs[i], .input_asset_id = asset_id };
	struct event refusal;

	return backend_find(PARAM_SCENARIO)->submit(r->b, &task, &refusal);
}

/* Three jobs of one sound, a fourth of another; then one that knows the first's asset. */
static void test_shared(void)
{
	char hex[2][HASH_HEX_SIZE];
	struct some_server v;
	struct hosted_run r;
	char *one, *other;

	some_server_open(&v, NULL, NULL);
	hosted_run_jobs(&r, 5);
	one = make_sound(&r, "one.wav", AUDIO_WAV, 1, 0.5);
	other = make_sound(&r, "other.mp3", AUDIO_MP3, 1, 0.3);
	for (int i = 0; i < 5; i++)
		set_input(&r, i, i == 3 ? other : one, hex[i == 3]);
	hosted_run_start(&r, 5, 0, 0);
	for (int i = 0; i < 4; i++)
		IS_INT(give(&r, i), BACKEND_TAKEN, "taken");
	OK(until_ended(&r, 4), "all end");
	for (int i = 0; i < 4; i++)
		OK(r.seen[i].end.kind == EVENT_DONE, "done: %s %s", r.seen[i].order, r.seen[i].end.sentence);
	IS_INT(r.seen[0].n[EVENT_UPLOADED] + r.seen[1].n[EVENT_UPLOADED] + r.seen[2].n[EVENT_UPLOADED], 1, "one upload is told for three jobs");
	IS_INT(n_booked(&v, "\"is\": \"upload\"", NULL), 2, "two contents, two uploads");
	IS_INT(n_booked(&v, "\"is\": \"upload\"", hex[0]), 1, "the bytes are the file's");
	IS_INT(n_booked(&v, "\"is\": \"upload\"", "audio/mpeg"), 1, "each with its type");
	IS_INT(n_booked(&v, "\"is\": \"submission\"", hex[0]), 3, "and each job has its own");
	IS_INT(give_known(&r, 4, r.seen[0].input_asset), BACKEND_TAKEN, "one that knows it");
	OK(until_ended(&r, 5) && r.seen[4].end.kind == EVENT_DONE, "is done: %s", r.seen[4].order);
	IS_INT(n_booked(&v, "\"is\": \"upload\"", NULL), 2, "without another upload");
	(void)remove(one);
	(void)remove(other);
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
	free(one);
	free(other);
}

/* What the service does not take, in one part and in many. */
static void test_kinds(void)
{
	static const struct {
		const char *name;
		enum audio_format format;
		double seconds;
		int n_parts;
		const char *type;
	} kinds[] = {
		{ "a.flac", AUDIO_FLAC, 1, 1, "audio/wav" },
		{ "lies.wav", AUDIO_FLAC, 1.5, 1, "audio/wav" }, /* its bytes count, not its name */
		{ "a.ogg", AUDIO_OGG, 1, 1, "audio/ogg" },
		{ "large.wav", AUDIO_WAV, 300, 3, "audio/wav" }, /* 19.2 MB */
	};
	char hex[4][HASH_HEX_SIZE], *paths[4], parts[20];
	struct some_server v;
	struct hosted_run r;

	some_server_open(&v, NULL, NULL);
	hosted_run_jobs(&r, 4);
	for (int i = 0; i < 4; i++) {
		paths[i] = make_sound(&r, kinds[i].name, kinds[i].format, kinds[i].seconds, 0.5);
		set_input(&r, i, paths[i], hex[i]);
	}
	hosted_run_start(&r, 1, 0, 0);
	for (int i = 0; i < 4; i++) {
		(void)give(&r, i);
		OK(until_ended(&r, i + 1) && r.seen[i].end.kind == EVENT_DONE, "%s: %s %s", kinds[i].name, r.seen[i].order, r.seen[i].end.sentence);
		IS_INT(n_booked(&v, "\"is\": \"upload\"", NULL), i + 1, "an upload");
		(void)snprintf(parts, sizeof parts, "\"parts\": %d", kinds[i].n_parts);
		OK(n_booked(&v, "\"is\": \"upload\"", parts) > 0, "in %d parts", kinds[i].n_parts);
	}
	IS_INT(n_booked(&v, "\"is\": \"upload\"", "\"name\": \"a.wav\""), 1, "a.flac is there as a.wav");
	IS_INT(n_booked(&v, "\"is\": \"upload\"", "audio/ogg"), 1, "an ogg is sent as it is");
	IS_INT(n_booked(&v, "\"is\": \"upload\"", hex[3]), 1, "the large one is whole");
	for (int i = 0; i < 4; i++) {
		(void)remove(paths[i]);
		free(paths[i]);
	}
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
}

/* Refused before anything is asked; and a file that is no sound. */
static void test_bad_files(void)
{
	char hex[3][HASH_HEX_SIZE], *paths[3];
	struct some_server v;
	struct hosted_run r;
	struct event refusal;
	struct backend_task task;

	some_server_open(&v, NULL, NULL);
	hosted_run_jobs(&r, 3);
	for (int i = 0; i < 3; i++) {
		put_file(&r.s, i == 0 ? "0.wav" : i == 1 ? "1.wav" : "2.wav", "this is no sound");
		paths[i] = mem_printf("%s/%d.wav", r.s.dir, i);
		set_input(&r, i, paths[i], hex[i]);
	}
	hosted_run_start(&r, 3, 0, 0);
	(void)remove(paths[0]);
	put_file(&r.s, "1.wav", "another text");
	for (int i = 0; i < 2; i++) {
		task = (struct backend_task){ .job = &r.s.jobs[i] };
		IS_INT(backend_find(PARAM_SCENARIO)->submit(r.b, &task, &refusal), BACKEND_REFUSED, "refused");
		OK(refusal.class == FAIL_INPUT && strstr(refusal.sentence, i ? "has changed" : "0.wav"), "says: %s", refusal.sentence);
		hex[i][0] = hex[i][0] == 'a' ? 'b' : 'a'; /* each content is looked at for itself */
	}
	(void)give(&r, 2);
	OK(until_ended(&r, 1) && r.seen[2].end.class == FAIL_INPUT, "no sound: %s", r.seen[2].end.sentence);
	IS_INT(n_booked(&v, "\"step\": \"upload\"", NULL), 0, "nothing was uploaded");
	for (int i = 0; i < 3; i++) {
		(void)remove(paths[i]);
		free(paths[i]);
	}
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
}

/* The first upload meets the fault: two jobs share its end; tried again they are done. */
static void test_fault(const char *rule, enum fail_class class, bool is_not_sent)
{
	struct strbuf cases = STRBUF_INIT(1000);
	char hex[HASH_HEX_SIZE];
	struct some_server v;
	struct hosted_run r;
	char *path;

	strbuf_addf(&cases, "[{%s}]", rule);
	some_server_open(&v, cases.buf, NULL);
	hosted_run_jobs(&r, 2);
	path = make_sound(&r, "a.wav", AUDIO_WAV, 1, 0.5);
	set_input(&r, 0, path, hex);
	set_input(&r, 1, path, hex);
	hosted_run_start(&r, 2, 0, 0);
	(void)give(&r, 0);
	(void)give(&r, 1);
	OK(until_ended(&r, 2), "%s: ends", rule);
	for (int i = 0; i < 2 && class != FAIL_NONE; i++) {
		OK(r.seen[i].end.kind == EVENT_FAILED && r.seen[i].end.class == class && r.seen[i].end.is_not_sent == is_not_sent, "  as it should: %s",
		   r.seen[i].end.sentence);
		IS_INT(r.seen[i].n[EVENT_SUBMITTING], 0, "  nothing was submitted");
		(void)give(&r, i);
	}
	if (class != FAIL_NONE)
		OK(until_ended(&r, 4), "  another try ends");
	OK(r.seen[0].end.kind == EVENT_DONE && r.seen[1].end.kind == EVENT_DONE, "  both are done: %s", r.seen[0].end.sentence);
	IS_INT(n_paid(&v), 2, "  and paid for once each");
	(void)remove(path);
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
	free(path);
	strbuf_release(&cases);
}

static void test_faults(void)
{
	static const struct {
		const char *rule;
		enum fail_class class;
		bool is_not_sent;
	} rows[] = {
		{ "\"on\": \"upload\", \"nth\": 1, \"do\": \"500\"", FAIL_REMOTE, false },
		{ "\"on\": \"upload\", \"nth\": 1, \"do\": \"bad_json\"", FAIL_REMOTE, false },
		{ "\"on\": \"upload\", \"nth\": 1, \"do\": \"429\", \"retry_after\": 1", FAIL_REMOTE_RATE, true },
		{ "\"on\": \"part\", \"nth\": 1, \"do\": \"500\"", FAIL_REMOTE, false },
		{ "\"on\": \"part\", \"nth\": 1, \"do\": \"reset\"", FAIL_REMOTE, false },
		{ "\"on\": \"part\", \"nth\": 1, \"do\": \"expired\"", FAIL_REMOTE, false },
		{ "\"on\": \"complete\", \"nth\": 1, \"do\": \"503\"", FAIL_REMOTE, false },
		{ "\"on\": \"complete\", \"nth\": 1, \"do\": \"failed\", \"error\": \"too loud\"", FAIL_REMOTE, false },
		{ "\"on\": \"upload_poll\", \"nth\": 1, \"do\": \"500\"", FAIL_NONE, false },
		{ "\"on\": \"upload_poll\", \"nth\": 1, \"do\": \"lost\"", FAIL_NONE, false },
		{ "\"on\": \"upload_poll\", \"nth\": 1, \"do\": \"429\"", FAIL_NONE, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		test_fault(rows[i].rule, rows[i].class, rows[i].is_not_sent);
}

/* An earlier run uploaded it, and it was deleted there. */
static void test_deleted_there(void)
{
	char hex[HASH_HEX_SIZE];
	struct some_server v;
	struct hosted_run r;
	char *path;

	some_server_open(&v, NULL, NULL);
	hosted_run_jobs(&r, 2);
	path = make_sound(&r, "a.wav", AUDIO_WAV, 1, 0.5);
	set_input(&r, 0, path, hex);
	set_input(&r, 1, path, hex);
	hosted_run_start(&r, 2, 0, 0);
	(void)give_known(&r, 0, "asset_deleted");
	(void)give_known(&r, 1, "asset_deleted");
	OK(until_ended(&r, 2), "both end");
	for (int i = 0; i < 2; i++) {
		OK(r.seen[i].end.class == FAIL_REMOTE && r.seen[i].end.is_not_sent, "for now: %s", r.seen[i].end.sentence);
		(void)give_known(&r, i, "asset_deleted");
	}
	OK(until_ended(&r, 4) && r.seen[0].end.kind == EVENT_DONE && r.seen[1].end.kind == EVENT_DONE, "then they are done: %s", r.seen[0].order);
	IS_INT(n_booked(&v, "\"is\": \"upload\"", NULL), 1, "after one upload");
	(void)remove(path);
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
	free(path);
}

/* What the service does not take is converted in the work folder: where that cannot be written it is no fault of the service or of the job. */
static void test_no_folder(void)
{
	struct backend_config config = { .n_slots = 1, .per_minute = 60000, .clock_rate = SOME_RATE };
	char hex[HASH_HEX_SIZE], *path, *work;
	struct some_server v;
	struct hosted_run r;

	some_server_open(&v, NULL, NULL);
	hosted_run_jobs(&r, 1);
	path = make_sound(&r, "a.flac", AUDIO_FLAC, 1, 0.5);
	set_input(&r, 0, path, hex);
	config.work_dir = work = fs_join(r.s.dir, "work");
	OK(hosted_run_config(&r, &config) == 0, "it opens %s", r.err.text);
	(void)give(&r, 0);
	OK(until_ended(&r, 1) && r.seen[0].end.class == FAIL_IO && strstr(r.seen[0].end.sentence, "a.flac"), "a folder that is not there: %s",
	   r.seen[0].end.sentence);
	IS_INT(n_booked(&v, "\"step\": \"upload\"", NULL), 0, "nothing was uploaded");
	(void)remove(path);
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
	free(path);
	free(work);
}

/* What was set aside was asked without the input: the job is given back with the price that it has with one, before anything is paid for. */
static void test_price(void)
{
	char hex[HASH_HEX_SIZE];
	struct backend_task task;
	struct some_server v;
	struct hosted_run r;
	struct event refusal;
	double low, high;
	char *path;

	some_server_open(&v, "[{\"on\": \"dry_run\", \"nth\": 2, \"do\": \"503\"}]", NULL);
	hosted_run_jobs(&r, 3);
	path = make_sound(&r, "a.wav", AUDIO_WAV, 1, 0.5);
	for (int i = 0; i < 3; i++)
		set_input(&r, i, path, hex);
	hosted_run_start(&r, 3, 0, 0);
	task.job = &r.s.jobs[0];
	OK(backend_find(PARAM_SCENARIO)->price(&(struct backend_config){ .clock_rate = SOME_RATE }, &task.job, 1, &low, &r.err) == 0, "a price");
	for (int i = 0; i < 3; i++) {
		task = (struct backend_task){ .job = &r.s.jobs[i], .price = low };
		IS_INT(backend_find(PARAM_SCENARIO)->submit(r.b, &task, &refusal), BACKEND_TAKEN, "taken");
	}
	OK(until_ended(&r, 3), "all end");
	high = r.seen[0].end.price;
	OK(high > low, "it costs %g with its input, %g without", high, low);
	for (int i = 0; i < 3; i++) {
		OK(r.seen[i].end.is_not_sent && r.seen[i].end.price == high && r.seen[i].n[EVENT_SUBMITTING] == 0, "given back: %s",
		   r.seen[i].end.sentence);
		task = (struct backend_task){ .job = &r.s.jobs[i], .price = high };
		IS_INT(backend_find(PARAM_SCENARIO)->submit(r.b, &task, &refusal), BACKEND_TAKEN, "taken");
	}
	IS_INT(n_paid(&v), 0, "nothing is paid for yet");
	OK(until_ended(&r, 6) && r.seen[0].end.kind == EVENT_DONE && r.seen[2].end.kind == EVENT_DONE, "done: %s", r.seen[0].end.sentence);
	IS_INT(n_paid(&v), 3, "once each");
	OK(n_booked(&v, "\"is\": \"dry_run\"", NULL) <= 4, "prices are not asked again and again");
	(void)remove(path);
	hosted_run_close(&r, BACKEND_FINISH);
	some_server_close(&v);
	free(path);
}

int main(void)
{
	test_shared();
	test_kinds();
	test_bad_files();
	test_faults();
	test_deleted_there();
	test_no_folder();
	test_price();
	return tap_done();
}
