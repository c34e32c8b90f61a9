/*
 * fuzz_hub: any bytes as the model hub's list of files. What is taken is what store/hub.h promises: known names, hashes, sizes within caps.
 */
#include "must.h"
#include "store/hub.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hub_listing l = { .n = 0 };
	struct err err = ERR_INIT;
	uint64_t sum = 0;

	if (hub_read_listing(&l, "small", (const char *)data, size, &err) != 0) {
		MUST(err.code == ERR_MODEL && err.text[0] && l.n == 0);
		return 0;
	}
	MUST(strlen(l.commit) == HUB_COMMIT_SIZE - 1 && l.n >= 3 && l.n <= HUB_FILES_MAX);
	for (int i = 0; i < l.n; i++) {
		const struct hub_file *f = &l.files[i];

		MUST(*f->name && strlen(f->name) < HUB_NAME_SIZE && f->name[0] != '.' && !strpbrk(f->name, "/\\\n"));
		MUST(f->bytes <= (*f->sha256 ? HUB_FILE_MAX : HUB_SMALL_MAX));
		MUST(*f->sha256 ? strlen(f->sha256) == HASH_HEX_SIZE - 1 : strlen(f->git) == HASH_GIT_SIZE - 1);
		for (int k = 0; k < i; k++)
			MUST(strcmp(f->name, l.files[k].name) != 0);
		sum += f->bytes;
	}
	MUST(sum == l.n_bytes && !strcmp(l.files[0].name, "config.json"));
	hub_listing_release(&l);
	return 0;
}
