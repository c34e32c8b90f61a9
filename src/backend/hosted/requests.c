/* The pace and the clock that price and the run after it have in common. */
#include "backend/hosted/hosted_inside.h"

#include "base/clock.h"
#include "base/mem.h"

struct backend_requests *backend_requests_new(void)
{
	return mem_zalloc(1, sizeof(struct backend_requests));
}

void backend_requests_free(struct backend_requests *requests)
{
	if (requests && requests->is_open)
		pace_close(&requests->pace);
	free(requests);
}

struct backend_requests *requests_open(const struct backend_config *config, bool *ret_own)
{
	struct backend_requests *r = config->requests ? config->requests : backend_requests_new();

	*ret_own = r != config->requests;
	if (r->is_open)
		return r;
	pace_open(&r->pace, config->per_minute, config->n_slots);
	r->clock_rate = config->clock_rate > 0 ? config->clock_rate : 1;
	r->base_ms = clock_monotonic_ms();
	r->is_open = true;
	return r;
}

int64_t requests_now_ms(const struct backend_requests *requests)
{
	return (int64_t)((double)(clock_monotonic_ms() - requests->base_ms) * requests->clock_rate);
}
