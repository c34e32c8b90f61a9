/*
 * The data inside report.html: one JSON object, one short row a job.
 *
 * {"jobs":[{"id","state","set","take","path","url","axes":{..},"tags":[..],"params":{..},
 *   "s":seconds,"l":lkfs,"p":peak,"w":base64 of the peaks,"pcm":hash,"class","sentence"}]}
 * The page makes its grid from it, so that any two axes can be chosen there.
 */
#include "report/escape.h"
#include "report/report_parts.h"

struct walk {
	struct sink *out;
	struct strbuf json, safe, text;
	int n_jobs;
};

static void put_file(struct walk *walk, struct json_writer *w, const struct ledger_job *job)
{
	escape_url_path(&walk->text, job->path);
	json_put_text(w, "url", walk->text.buf);
	strbuf_reset(&walk->text);
	json_put_number(w, "s", job->seconds);
	json_put_number(w, "l", job->lkfs);
	json_put_number(w, "p", job->peak);
	json_put_int(w, "hz", job->rate_hz);
	json_put_int(w, "ch", job->n_channels);
	json_put_text(w, "pcm", job->pcm_sha256);
	if (job->peaks) {
		escape_base64(&walk->text, job->peaks, (size_t)job->n_peaks);
		json_put_text(w, "w", walk->text.buf);
		strbuf_reset(&walk->text);
	}
}

static void put_job(struct walk *walk, const struct ledger_job *job)
{
	struct json_writer w;

	json_begin(&w, &walk->json, 0);
	json_open_object(&w, NULL);
	json_put_text(&w, "id", job->id_text);
	json_put_text(&w, "state", job_state_name(job->state));
	json_put_text(&w, "set", job->set);
	json_put_int(&w, "take", job->take);
	json_put_text(&w, "path", job->path);
	json_put_raw(&w, "axes", job->axes);
	json_put_raw(&w, "tags", job->tags);
	json_put_raw(&w, "params", job->params);
	if (job->state == JOB_DONE)
		put_file(walk, &w, job);
	if (job->class != FAIL_NONE && job->state != JOB_DONE) {
		json_put_text(&w, "class", fail_class_name(job->class));
		json_put_text(&w, "sentence", job->sentence);
	}
	json_close(&w);
}

static int visit(void *arg, const struct ledger_job *job, struct err *err)
{
	struct walk *walk = arg;

	(void)err;
	if (walk->n_jobs == REPORT_CELLS_MAX)
		return 1;
	sink_adds(walk->out, walk->n_jobs++ ? ",\n" : "\n");
	put_job(walk, job);
	escape_json_in_html(&walk->safe, walk->json.buf, walk->json.len);
	if (!strbuf_ok(&walk->json))
		walk->safe.overflowed = true;
	sink_take(walk->out, &walk->safe);
	strbuf_reset(&walk->json);
	return 0;
}

int report_html_data(struct ledger *l, struct sink *out, struct err *err)
{
	struct walk walk = { out, STRBUF_INIT(PIECE_MAX), STRBUF_INIT(PIECE_MAX), STRBUF_INIT(PIECE_MAX), 0 };
	int r;

	sink_adds(out, "{\"jobs\":[");
	r = ledger_each(l, LEDGER_LIVE_STATES, visit, &walk, err);
	sink_adds(out, "\n]}");
	strbuf_release(&walk.json);
	strbuf_release(&walk.safe);
	strbuf_release(&walk.text);
	return r < 0 ? -1 : 0;
}
