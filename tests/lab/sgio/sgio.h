/* What the shim (sgio.c) and the initiator (sgiod.c) say to each other: one question and one answer a connection. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#define LONGEST (1 << 20)

enum direction { NOTHING = 0, FROM_DEVICE = 1, TO_DEVICE = 2 };

/* Followed by `length` bytes when they go to the device. */
struct question {
  int32_t lun, cdb_length, direction, length;
  uint8_t cdb[16];
};

/* Followed by data, then by sense data. A status below zero: the transport failed. */
struct answer {
  int32_t status, data_length, sense_length, delay_ms;
};

static int transfer_all(int file, void *data, size_t length, int is_write) {
  for (char *at = data; length;) {
    ssize_t done = is_write ? write(file, at, length) : read(file, at, length);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return -1;
    at += done, length -= done;
  }
  return 0;
}
