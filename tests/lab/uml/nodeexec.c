/* Runs a command in a lab node and looks like it: input, output, signals and exit status are the command's.
 *
 * nodeexec ADDRESS PORT FOLDER COMMAND [ARGUMENT…], in the environment that the command shall have. Every signal that it
 * gets is the command's; SIGRTMIN+N stands for signal N, so that SIGKILL and SIGSTOP can be passed on too. Whoever starts
 * it blocks those signals first, lest one come before this program listens. Exit status 255 with a line on standard
 * error: the node does not answer, or fell silent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include "frames.h"

#define CONNECT_SECONDS 20

extern char **environ;

static int give_up(const char *what) {
  fprintf(stderr, "nodeexec: %s: %s\n", what, strerror(errno));
  return 255;
}

static int ask(int node, int count, char **words) {
  static char asked[LONGEST];
  size_t length = 0;
  char number[16];
  snprintf(number, sizeof number, "%d", count - 4);
  for (int part = 0; part < 3; part++)
    for (char **at = part == 0 ? (char *[]){words[3], number, NULL} : part == 1 ? words + 4 : environ; *at; at++) {
      size_t size = strlen(*at) + 1;
      if (length + size > sizeof asked) return -1;
      memcpy(asked + length, *at, size);
      length += size;
    }
  return send_frame(node, ASK, asked, length);
}

/* End as the command did, also when a signal ended it. */
static int end_like(int status) {
  if (!WIFSIGNALED(status)) return WEXITSTATUS(status);
  sigset_t none;
  sigemptyset(&none);
  signal(WTERMSIG(status), SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  raise(WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

/* Pass on input and signals for ever: a thread of its own, so that output is read whatever the command does not read. */
static void *pass_on(void *argument) {
  int node = (int)(intptr_t)argument;
  sigset_t all;
  sigfillset(&all);
  struct pollfd ports[2] = {{0, POLLIN, 0}, {signalfd(-1, &all, SFD_CLOEXEC), POLLIN, 0}};
  static char data[CHUNK];
  for (;;) {
    if (poll(ports, 2, -1) < 0) continue;
    if (ports[0].revents) {
      ssize_t got = read(0, data, sizeof data);
      if (got <= 0) ports[0].fd = -1, got = 0;
      if (send_frame(node, INPUT, data, got)) return NULL;
    }
    if (ports[1].revents) {
      struct signalfd_siginfo info;
      if (read(ports[1].fd, &info, sizeof info) != sizeof info || info.ssi_signo == SIGPIPE) continue;
      int number = info.ssi_signo, size = sprintf(data, "%d", number > SIGRTMIN ? number - SIGRTMIN : number);
      if (send_frame(node, SIGNAL, data, size)) return NULL;
    }
  }
}

int main(int count, char **words) {
  if (count < 5) return 2;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  inet_pton(AF_INET, words[1], &address.sin_addr);
  int node = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  struct timeval limit = {CONNECT_SECONDS, 0}, ever = {0, 0};
  setsockopt(node, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  // A node that has just booted on a busy machine may be too slow to tell its hardware address: it is asked again.
  int failed, tries = 3;
  do failed = connect(node, (void *)&address, sizeof address);
  while (failed && errno == EHOSTUNREACH && --tries);
  if (failed) return give_up("no connection");
  setsockopt(node, SOL_SOCKET, SO_SNDTIMEO, &ever, sizeof ever);
  setsockopt(node, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (ask(node, count, words)) return give_up("cannot ask");
  pthread_t thread;
  if (pthread_create(&thread, NULL, pass_on, (void *)(intptr_t)node)) return give_up("no thread");
  for (;;) {
    struct head head;
    char *told = receive_frame(node, &head);
    if (!told) return give_up("the node fell silent");
    if (head.kind == STATUS) return end_like(*(int *)told);
    /* Nobody reads on: the command learns it, as it would from a pipe, by our hanging up. */
    if (send_all(head.kind == ERRORS ? 2 : 1, told, head.length)) return 255;
    free(told);
  }
}
