/* What the two ends of a node's control channel say to each other: frames of a letter, a length and so many bytes.
 *
 * The client begins with ASK: the folder, a count of arguments, the arguments, the environment, each ended by a zero.
 * Then it sends INPUT (empty at the end of its input) and SIGNAL (a number); the node sends OUTPUT, ERRORS and at last
 * STATUS, a status as wait(2) gives it. A client that hangs up ends the command's process group.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

enum { ASK = 'A', INPUT = 'I', SIGNAL = 'S', OUTPUT = 'O', ERRORS = 'E', STATUS = 'X' };
#define CHUNK 65536
#define LONGEST (16 << 20)

struct head {
  uint32_t kind, length;
};

static int send_all(int to, const void *data, size_t length) {
  for (const char *at = data; length;) {
    ssize_t sent = send(to, at, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == ENOTSOCK) sent = write(to, at, length);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return -1;
    at += sent, length -= sent;
  }
  return 0;
}

static int receive_all(int from, void *data, size_t length) {
  for (char *at = data; length;) {
    ssize_t got = read(from, at, length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return -1;
    at += got, length -= got;
  }
  return 0;
}

static int send_frame(int to, int kind, const void *data, size_t length) {
  struct head head = {kind, length};
  return send_all(to, &head, sizeof head) || send_all(to, data, length) ? -1 : 0;
}

/* The next frame, its data ended by a zero and to be freed; NULL when there is none. */
static char *receive_frame(int from, struct head *head) {
  if (receive_all(from, head, sizeof *head) || head->length > LONGEST) return NULL;
  char *data = malloc(head->length + 1);
  if (!data || receive_all(from, data, head->length)) {
    free(data);
    return NULL;
  }
  data[head->length] = 0;
  return data;
}
