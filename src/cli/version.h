/* cli/version: what this program is called in reports and by --version. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#define MGBATCH_VERSION "0.1.0"

#endif
