/*
 * cli: the only room that prints. stdout is data, stderr is messages. The door of the room.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* Runs the command line; answers the exit status (DESIGN section 8). */
int cli_main(int argc, char **argv);

#endif
