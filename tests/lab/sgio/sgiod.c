/* One initiator of the lab: holds one iSCSI session, which is one I_T nexus, and passes SCSI commands on to it.
 *
 * sgiod SOCKET INITIATOR PORT URL FAULTS. PORT is the initiator's port: the same initiator and port after a restart are
 * the same nexus. URL is iscsi://HOST:PORT/TARGET/0. Says `up` on standard output once it serves.
 *
 * FAULTS is a file that is read again whenever it is replaced. Each line: an operation code in hexadecimal, `/` and a
 * service action or nothing, or `*` for every command; a LUN or `*`; how often, or `*`; and what happens then:
 *   status HEX | sense KEY ASC ASCQ (hexadecimal) | delay MILLISECONDS | drop
 * A delayed command is carried out and answered late; of the others the target learns nothing.
 */
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "sgio.h"

#define FAULTS 64
#define GOOD 0
#define CHECK_CONDITION 2
#define POWER_ON 0x29 /* additional sense code of a unit attention that the kernel's probing would have consumed */
#define TRIES 4
#define TICK_MS 1000 /* how often a session that was lost is made anew */

static struct fault {
  int operation, action, lun, left; /* -1: any */
  char what[8];
  int numbers[3];
} faults[FAULTS];
static int fault_count;

static int number_or_any(const char *text, int base) { return *text == '*' ? -1 : (int)strtol(text, NULL, base); }

static void read_faults(const char *path) {
  static struct stat last;
  struct stat now;
  if (stat(path, &now)) {
    fault_count = 0, last.st_ino = 0;
    return;
  }
  if (now.st_ino == last.st_ino && !memcmp(&now.st_mtim, &last.st_mtim, sizeof now.st_mtim)) return;
  last = now, fault_count = 0;
  FILE *file = fopen(path, "r");
  char line[200], operation[16], lun[16], times[16], *slash;
  while (file && fgets(line, sizeof line, file) && fault_count < FAULTS) {
    struct fault *fault = &faults[fault_count];
    int used = 0;
    if (sscanf(line, "%15s %15s %15s %7s%n", operation, lun, times, fault->what, &used) != 4) continue;
    slash = strchr(operation, '/');
    fault->operation = number_or_any(operation, 16), fault->action = slash ? number_or_any(slash + 1, 16) : -1;
    fault->lun = number_or_any(lun, 10), fault->left = number_or_any(times, 10);
    char *at = line + used;
    for (int each = 0; each < 3; each++) fault->numbers[each] = strtol(at, &at, strcmp(fault->what, "delay") ? 16 : 10);
    fault_count++;
  }
  if (file) fclose(file);
}

static struct fault *find_fault(const struct question *question) {
  for (struct fault *fault = faults; fault < faults + fault_count; fault++) {
    if (fault->operation >= 0 && fault->operation != question->cdb[0]) continue;
    if (fault->action >= 0 && fault->action != (question->cdb[1] & 0x1f)) continue;
    if ((fault->lun >= 0 && fault->lun != question->lun) || !fault->left) continue;
    if (fault->left > 0) fault->left--;
    return fault;
  }
  return NULL;
}

/* What a fault answers in the target's place; 0 when the command goes on to the target. */
static int pretend(const struct fault *fault, struct answer *answer, uint8_t *data) {
  if (!fault || !strcmp(fault->what, "delay")) {
    answer->delay_ms = fault ? fault->numbers[0] : 0;
    return 0;
  }
  answer->status = -1;
  if (!strcmp(fault->what, "status")) answer->status = fault->numbers[0];
  if (!strcmp(fault->what, "sense")) {
    uint8_t sense[18] = {0x70, 0, fault->numbers[0], [7] = 10, [12] = fault->numbers[1], [13] = fault->numbers[2]};
    memcpy(data, sense, sizeof sense);
    answer->status = CHECK_CONDITION, answer->sense_length = sizeof sense;
  }
  return 1;
}

static void carry_out(struct iscsi_context *session, const struct question *question, uint8_t *data, struct answer *answer) {
  static uint8_t sent[LONGEST];
  struct iscsi_data out = {.data = sent, .size = question->length};
  memcpy(sent, data, question->direction == TO_DEVICE ? question->length : 0);
  answer->status = -1;
  for (int try = 0; try < TRIES && answer->status < 0; try++) {
    struct scsi_task *task =
        scsi_create_task(question->cdb_length, (uint8_t *)question->cdb, question->direction, question->length);
    struct scsi_task *done =
        iscsi_scsi_command_sync(session, question->lun, task, question->direction == TO_DEVICE ? &out : NULL);
    if (!done) {
      scsi_free_scsi_task(task);
      if (iscsi_reconnect_sync(session)) return;
      continue;
    }
    int is_news = done->status == CHECK_CONDITION && done->sense.key == SCSI_SENSE_UNIT_ATTENTION;
    if (!is_news || done->sense.ascq >> 8 != POWER_ON || try == TRIES - 1) {
      /* Two bytes of length stand before sense data. */
      int skip = done->status == CHECK_CONDITION && done->datain.size > 2 ? 2 : 0, size = done->datain.size - skip;
      answer->status = done->status;
      if (size > LONGEST) size = LONGEST;
      if (done->status == GOOD) answer->data_length = size;
      if (done->status == CHECK_CONDITION) answer->sense_length = size;
      memcpy(data, done->datain.data + skip, answer->data_length + answer->sense_length);
    }
    scsi_free_scsi_task(done);
  }
}

static void serve(int link, struct iscsi_context *session, const char *path) {
  static uint8_t data[LONGEST];
  struct question question;
  struct answer answer = {0};
  if (transfer_all(link, &question, sizeof question, 0) || question.length < 0 || question.length > LONGEST) return;
  if (question.direction == TO_DEVICE && transfer_all(link, data, question.length, 0)) return;
  read_faults(path);
  if (!pretend(find_fault(&question), &answer, data)) carry_out(session, &question, data, &answer);
  if (!transfer_all(link, &answer, sizeof answer, 1)) transfer_all(link, data, answer.data_length + answer.sense_length, 1);
}

int main(int count, char **words) {
  if (count != 6) return 2;
  signal(SIGPIPE, SIG_IGN);
  struct iscsi_context *session = iscsi_create_context(words[2]);
  struct iscsi_url *url = iscsi_parse_full_url(session, words[4]);
  if (!url) return 2;
  iscsi_set_session_type(session, ISCSI_SESSION_NORMAL);
  iscsi_set_header_digest(session, ISCSI_HEADER_DIGEST_NONE_CRC32C);
  iscsi_set_targetname(session, url->target);
  iscsi_set_isid_en(session, 0x1234, atoi(words[3]));
  if (iscsi_connect_sync(session, url->portal) || iscsi_login_sync(session)) {
    fprintf(stderr, "sgiod: %s\n", iscsi_get_error(session));
    return 1;
  }
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(words[1]) >= sizeof address.sun_path) return 2;
  strcpy(address.sun_path, words[1]);
  unlink(words[1]);
  int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(door, (void *)&address, sizeof address) || listen(door, 128)) {
    perror("sgiod");
    return 1;
  }
  printf("up\n");
  fflush(stdout);
  for (int is_lost = 0;;) {
    /* A target asks now and then whether somebody is there, and drops who does not answer, commands or no commands. */
    struct pollfd ports[2] = {{door, POLLIN, 0}, {is_lost ? -1 : iscsi_get_fd(session), iscsi_which_events(session), 0}};
    if (poll(ports, 2, is_lost ? -1 : TICK_MS) < 0) continue;
    if (!is_lost) is_lost = iscsi_service(session, ports[1].revents) < 0;
    if (!(ports[0].revents & POLLIN)) continue;
    int link = accept(door, NULL, NULL);
    if (link < 0) continue;
    serve(link, session, words[5]);
    close(link);
    is_lost = 0;
  }
}
