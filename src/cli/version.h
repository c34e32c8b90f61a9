/* cli/version: what this program is called in reports, by --version and in the manual page. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#define MGBATCH_VERSION "0.1.0"
#define MGBATCH_DATE "2026-11-22" /* of the manual page */

#endif
