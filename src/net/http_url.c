/* A URL's scheme and host, by libcurl's own parser: what is checked is what is used. */
#include "net/http_inside.h"

#include "base/text.h"

#include <string.h>

static bool copy_host(const char *found, char *host, size_t size)
{
	size_t len = strlen(found);

	if (len == 0 || len >= size)
		return false;
	for (size_t i = 0; i <= len; i++)
		host[i] = (char)(found[i] >= 'A' && found[i] <= 'Z' ? found[i] - 'A' + 'a' : found[i]);
	return true;
}

bool http_url_host(const char *url, bool *is_https, char *host, size_t size)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *found = NULL;
	bool is_good = false;

	if (!parts || curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK || curl_url_get(parts, CURLUPART_HOST, &found, 0) != CURLUE_OK)
		goto out;
	*is_https = text_equal_ignoring_case(scheme, "https");
	is_good = (*is_https || text_equal_ignoring_case(scheme, "http")) && copy_host(found, host, size);
out:
	curl_free(scheme);
	curl_free(found);
	curl_url_cleanup(parts);
	return is_good;
}

/* Four decimal numbers from 0 to 255, the first of them 127. */
static bool is_loopback_v4(const char *host)
{
	const char *s = host;

	for (int i = 0; i < 4; i++) {
		int value = 0, n_digits = 0;

		for (; *s >= '0' && *s <= '9' && n_digits < 4; s++, n_digits++)
			value = value * 10 + (*s - '0');
		if (n_digits == 0 || value > 255 || *s != (i < 3 ? '.' : '\0') || (i == 0 && value != 127))
			return false;
		s++;
	}
	return true;
}

bool http_host_is_loopback(const char *host)
{
	return text_equal_ignoring_case(host, "localhost") || !strcmp(host, "[::1]") || is_loopback_v4(host);
}
