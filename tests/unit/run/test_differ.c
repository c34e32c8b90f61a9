/* Which fields of two canonical texts differ. */
#include "tap.h"

#include "run/differ.h"
#include "run/run.h"

static const struct {
	const char *before, *now;
	const char *wanted; /* "name:before>now(note)" and so on */
} cases[] = {
	{ "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{\"prompt\":\"a\"}}", "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{\"prompt\":\"a\"}}", "" },
	{ "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{\"prompt\":\"a\",\"seed\":1}}",
	  "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{\"prompt\":\"b\",\"seed\":2}}", "prompt:a>b() seed:1>2()" },
	{ "{\"made_by\":\"native:aa\",\"model\":\"m\",\"params\":{}}", "{\"made_by\":\"native:bb\",\"model\":\"m\",\"params\":{}}",
	  "made_by:native:aa>native:bb(other weights)" },
	{ "{\"made_by\":\"native:aa\",\"model\":\"m\",\"params\":{}}", "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{}}",
	  "made_by:native:aa>fake(another backend)" },
	/* what a text leaves out has its neutral value */
	{ "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{}}", "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{\"temperature\":0.7}}",
	  "temperature:1>0.7()" },
	{ "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{\"continuation\":true}}", "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{}}",
	  "continuation:true>false()" },
	{ "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{}}", "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{\"seed\":3}}", "seed:(not said)>3()" },
	{ "{\"inputs\":{\"inputAudio\":\"11\"},\"made_by\":\"fake\",\"model\":\"m\",\"params\":{}}",
	  "{\"inputs\":{\"inputAudio\":\"22\"},\"made_by\":\"fake\",\"model\":\"m\",\"params\":{}}",
	  "inputAudio:11>22(the file's content, by its SHA-256)" },
	{ "{\"made_by\":\"fake\",\"model\":\"m\",\"params\":{\"seed\":1}}", "{\"made_by\":\"fake\",\"model\":\"n\",\"params\":{\"seed\":\"1\"}}",
	  "model:m>n() seed:1>1()" },
};

int main(void)
{
	struct err err = ERR_INIT;
	struct card *card = NULL;
	struct differ_fields *bad = NULL;

	if (card_open(&card, "meta-musicgen", &err) != 0)
		return 1;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct differ_fields *before = NULL, *now = NULL;
		struct run_why why = { .n_differences = 0 };
		struct strbuf got = STRBUF_INIT(4096);

		if (differ_read(&before, cases[i].before, &err) != 0 || differ_read(&now, cases[i].now, &err) != 0) {
			OK(0, "%s", err.text);
			continue;
		}
		differ_list(before, now, card, &why);
		for (int k = 0; k < why.n_differences; k++)
			strbuf_addf(&got, "%s%s:%s>%s(%s)", k ? " " : "", why.differences[k].name, why.differences[k].before, why.differences[k].now,
				    why.differences[k].note);
		IS_TEXT(got.buf, cases[i].wanted, "the fields that differ");
		IS_INT(differ_count(before, now), why.n_differences, "counted");
		IS_INT(differ_count(now, before), why.n_differences, "the same the other way round");
		strbuf_release(&got);
		run_why_release(&why);
		differ_free(before);
		differ_free(now);
	}
	IS_INT(differ_read(&bad, "{\"model\":", &err), -1, "a damaged text is an err");
	IS_INT(err.code, ERR_LEDGER, "of the ledger");
	card_close(card);
	return tap_done();
}
