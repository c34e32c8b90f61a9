/* report/intern: equal texts have one number, others another, however many there are. */
#include "report/intern.h"
#include "tap.h"

int main(void)
{
	enum { N = 5000 };
	struct intern in = { ARENA_INIT, NULL, 0, 0, NULL, 0 };
	char text[32];
	int n_wrong = 0;

	IS_INT(intern_add(&in, ""), 0, "the first text is 0");
	IS_INT(intern_add(&in, "a"), 1, "the next is 1");
	IS_INT(intern_add(&in, ""), 0, "an equal one is the same");
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < N; i++) {
			snprintf(text, sizeof text, "text %d", i);
			n_wrong += intern_add(&in, text) != i + 2;
		}
	IS_INT(n_wrong, 0, "5,000 more keep their numbers while the table grows");
	IS_INT(in.n, N + 2, "and stand once");
	IS_TEXT(in.texts[N + 1], "text 4999", "a number gives its text");
	intern_release(&in);
	IS_INT(intern_add(&in, "b"), 0, "a released set is empty");
	intern_release(&in);
	return tap_done();
}
