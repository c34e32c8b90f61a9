/* See tend_inside.h. */
#include "run/tend_inside.h"

#include "base/mem.h"
#include "run/lock.h"

int tend_lock(struct fs_lock *ret, const struct run_place *place, struct err *err)
{
	struct lock_wish wish = { place->output_dir, place->wait, place->tell, place->tell_arg };
	int rc = lock_take(ret, &wish, err);

	return rc == 1 ? err_set(err, ERR_LOCKED, "interrupted while waiting for another run in '%s'", place->output_dir) : rc;
}

int tend_read(struct ledger **ret, const struct run_place *place, struct err *err)
{
	struct ledger_owner owner = { place->manifest_name, place->backend, false };

	if (ledger_open_read(ret, place->output_dir, err) != 0)
		return -1;
	if (!place->manifest_name || ledger_check_owner(*ret, place->output_dir, &owner, err) == 0)
		return 0;
	ledger_close(*ret);
	*ret = NULL;
	return -1;
}

/* A folder alone is opened in its own name, which is read first: so nothing is made where there is no ledger. */
int tend_open(struct tend *ret, const struct run_place *place, struct err *err)
{
	struct tend t = { { -1 }, NULL };
	struct ledger_head head;
	struct ledger_owner owner = { NULL, NULL, false };
	struct ledger *l = NULL;
	char *name = NULL, *backend = NULL;
	int rc = tend_read(&l, place, err);

	if (rc == 0)
		rc = ledger_head(l, &head, err);
	if (rc == 0) {
		owner.manifest_name = name = mem_strdup(head.manifest_name);
		owner.backend = backend = mem_strdup(head.backend);
	}
	ledger_close(l);
	if (rc == 0)
		rc = tend_lock(&t.lock, place, err);
	if (rc == 0)
		rc = ledger_open_write(&t.ledger, place->output_dir, &owner, err);
	if (rc == 0)
		*ret = t;
	else
		tend_close(&t);
	free(name);
	free(backend);
	return rc;
}

int tend_open_read(struct tend *ret, const struct run_place *place, struct err *err)
{
	struct tend t = { { -1 }, NULL };
	int rc = tend_read(&t.ledger, place, err); /* so nothing is made where there is no ledger */

	ledger_close(t.ledger);
	t.ledger = NULL;
	if (rc == 0)
		rc = tend_lock(&t.lock, place, err);
	if (rc == 0)
		rc = tend_read(&t.ledger, place, err);
	if (rc == 0)
		*ret = t;
	else
		tend_close(&t);
	return rc;
}

void tend_close(struct tend *t)
{
	ledger_close(t->ledger);
	fs_lock_release(&t->lock);
	*t = (struct tend){ { -1 }, NULL };
}

int tend_is_meant(const struct run_place *place, const struct ledger_job *row, struct err *err)
{
	return place->select ? place->select(place->select_arg, row, err) : 1;
}
