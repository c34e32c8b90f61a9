/*
 * resolver: a library that takes the place of the system's resolver for two names, and can be dead.
 *
 *   LD_PRELOAD=resolver.so RESOLVER_DEAD=/abs/file  program ..
 *
 * api.mgbatch.test and cdn.cloud.scenario.com (the one host that sounds are fetched from) are this machine, 127.0.0.1: certificates.sh of
 * tests/server makes a certificate for both. While the file is there no name at all is found, as where the network or its server of names
 * is away: EAI_AGAIN. Any other name is not found ever: nothing is asked of a network.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const ours[] = { "api.mgbatch.test", "cdn.cloud.scenario.com" };

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	const char *dead = getenv("RESOLVER_DEAD");
	struct in_addr address;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!real || (dead && access(dead, F_OK) == 0))
		return EAI_AGAIN;
	if (node && inet_pton(AF_INET, node, &address) == 1)
		return real(node, service, hints, ret);
	for (size_t i = 0; node && i < sizeof ours / sizeof ours[0]; i++)
		if (strcmp(node, ours[i]) == 0)
			return real("127.0.0.1", service, hints, ret);
	return EAI_NONAME;
}
