/* A shim for LD_PRELOAD: lets unmodified SCSI tools talk to a real target without any SCSI in this machine's kernel.
 *
 * A regular file with the text `sgio:SOCKET:LUN` answers ioctl(SG_IO): the command goes to sgiod, which listens at
 * SOCKET, and on to unit LUN of a real iSCSI target. All other files are as they were.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include "sgio.h"

#define SG_VERSION 30536
#define CHECK_CONDITION 2
#define DRIVER_SENSE 8

static int is_ours(int file, char *socket, int *lun) {
  char text[sizeof((struct sockaddr_un *)0)->sun_path + 32];
  ssize_t length = pread(file, text, sizeof text - 1, 0);
  if (length < 6 || memcmp(text, "sgio:", 5)) return 0;
  text[length] = 0;
  char *colon = strrchr(text, ':');
  if (colon == text + 4 || colon - text - 5 >= (long)sizeof((struct sockaddr_un *)0)->sun_path) return 0;
  *colon = 0;
  strcpy(socket, text + 5);
  *lun = atoi(colon + 1);
  return 1;
}

static int ask(const char *path, const struct question *question, void *data, struct answer *answer, uint8_t *buffer) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strcpy(address.sun_path, path);
  int link = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int error = connect(link, (void *)&address, sizeof address) ? ENXIO : 0;
  if (!error && transfer_all(link, (void *)question, sizeof *question, 1)) error = EIO;
  if (!error && question->direction == TO_DEVICE && transfer_all(link, data, question->length, 1)) error = EIO;
  if (!error && transfer_all(link, answer, sizeof *answer, 0)) error = EIO;
  if (!error && (answer->status < 0 || answer->data_length + answer->sense_length > LONGEST)) error = EIO;
  if (!error && transfer_all(link, buffer, answer->data_length + answer->sense_length, 0)) error = EIO;
  close(link);
  return error;
}

static int pass_through(const char *path, int lun, struct sg_io_hdr *header) {
  static uint8_t buffer[LONGEST];
  struct answer answer = {0};
  struct question question = {lun, header->cmd_len, NOTHING, header->dxfer_len, {0}};
  if (header->dxfer_direction == SG_DXFER_TO_DEV) question.direction = TO_DEVICE;
  if (header->dxfer_direction == SG_DXFER_FROM_DEV) question.direction = FROM_DEVICE;
  memcpy(question.cdb, header->cmdp, header->cmd_len > 16 ? 16 : header->cmd_len);
  int error = ask(path, &question, header->dxferp, &answer, buffer);
  /* Here and not in sgiod: other commands of the same initiator are not to wait. */
  struct timespec delay = {answer.delay_ms / 1000, answer.delay_ms % 1000 * 1000000L};
  nanosleep(&delay, NULL);
  if (error) return errno = error, -1;
  uint32_t data = answer.data_length < (int)header->dxfer_len ? (uint32_t)answer.data_length : header->dxfer_len;
  uint32_t sense = answer.sense_length < header->mx_sb_len ? answer.sense_length : header->mx_sb_len;
  header->resid = question.direction == FROM_DEVICE ? header->dxfer_len - data : 0;
  if (question.direction == FROM_DEVICE) memcpy(header->dxferp, buffer, data);
  header->status = answer.status, header->masked_status = answer.status >> 1, header->host_status = 0;
  header->driver_status = answer.status == CHECK_CONDITION ? DRIVER_SENSE : 0;
  header->sb_len_wr = answer.status == CHECK_CONDITION && header->sbp ? sense : 0;
  memcpy(header->sbp, buffer + answer.data_length, header->sb_len_wr);
  header->info = answer.status ? SG_INFO_CHECK : 0, header->duration = 1;
  return 0;
}

int ioctl(int file, unsigned long request, ...) {
  static int (*real)(int, unsigned long, ...);
  char path[sizeof((struct sockaddr_un *)0)->sun_path];
  int lun;
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if (!real) real = dlsym(RTLD_NEXT, "ioctl");
  if ((request != SG_IO && request != SG_GET_VERSION_NUM) || !is_ours(file, path, &lun))
    return real(file, request, argument);
  if (request == SG_IO) return pass_through(path, lun, argument);
  *(int *)argument = SG_VERSION;
  return 0;
}
