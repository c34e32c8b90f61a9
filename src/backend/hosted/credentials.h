/*
 * backend/hosted/credentials: which service is asked, and as whom.
 *
 *   service_read(&s, &provider_scenario, project, err)    from the environment and the file of credentials
 *   service_release(&s)                                   forgets the secret, in memory too
 *
 * Key and secret: both of the provider's two variables, else the file that its third names, else
 * $XDG_CONFIG_HOME/mgbatch/NAME (~/.config/mgbatch/NAME): two lines, key=... and secret=...; blank lines and those that begin with #
 * are passed over. The file must be a regular one, no link, this user's, and closed to all others (mode 0600 or less), for
 * whoever reads it can spend the money. A key or a secret is printable ASCII without blanks; a key has no ':', which ends it in
 * HTTP's Basic authentication (RFC 7617).
 *
 * The address: the provider's own, or that of its variable: https, or plain http to this machine alone (tests). The project: that
 * of the variable, else the one given. The certificates: the system's, or those of the bundle that SCENARIO_CA_FILE names.
 *
 * Errors: ERR_MODEL (exit 5) with what is missing or wrong, and what to do; no sentence has a part of a secret. Thread-safe
 * as far as getenv is.
 */
#ifndef BACKEND_HOSTED_CREDENTIALS_H
#define BACKEND_HOSTED_CREDENTIALS_H

#include "backend/hosted/wire.h"
#include "base/err.h"

#include <stdbool.h>

struct service {
	const struct provider *provider;
	char *key, *secret;
	char *base;       /* of the addresses, without a slash at its end */
	char *project;    /* NULL: the key's own */
	char *ca_file;    /* NULL: the system's */
	bool is_loopback; /* it is on this machine */
};

int service_read(struct service *ret, const struct provider *provider, const char *project, struct err *err) WARN_UNUSED;
void service_release(struct service *s); /* one that is all zero is fine */

#endif
