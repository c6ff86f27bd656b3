/* The last thing that a lab node boots, and its first process from then on: runs commands for the lab over TCP.
 *
 * nodectl ADDRESS PORT. Says LAB-READY on standard output once it listens. One thread a connection, one command each
 * (frames.h), started with posix_spawn as leader of a session of its own: in User-Mode Linux a fork costs more than all
 * the rest. The main thread reaps, its own children and the orphans of the node.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include "frames.h"

struct command {
  pid_t pid;
  int ended[2]; /* a pipe that takes the exit status from the reaping thread */
  struct command *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t spawned = PTHREAD_COND_INITIALIZER;
static struct command *commands;

/* Reap for ever. The lock is held while a command is spawned, so no status arrives before its command is known. */
static void reap(void) {
  for (;;) {
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT)) {
      pthread_mutex_lock(&lock);
      /* No child at all: those whom we adopt come only from children of ours. */
      if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG)) pthread_cond_wait(&spawned, &lock);
      pthread_mutex_unlock(&lock);
      continue;
    }
    pthread_mutex_lock(&lock);
    int status;
    if (waitpid(info.si_pid, &status, 0) == info.si_pid) {
      for (struct command **at = &commands; *at; at = &(*at)->next)
        if ((*at)->pid == info.si_pid) {
          struct command *gone = *at;
          *at = gone->next;
          if (write(gone->ended[1], &status, sizeof status) < 0) perror("nodectl");
          break;
        }
    }
    pthread_mutex_unlock(&lock);
  }
}

static int spawn(struct command *command, char *asked, size_t length, int pipes[3][2]) {
  char *end = asked + length, *folder = asked, *at = folder + strlen(folder) + 1;
  size_t count = at < end ? strtoul(at, NULL, 10) : 0, words = 0;
  char **list = calloc(length + 2, sizeof *list), **environment = list;
  at += strlen(at) + 1;
  for (; at < end; at += strlen(at) + 1) {
    list[words++] = at;
    if (words == count) list[words++] = NULL, environment = list + words;
  }
  if (!count || words <= count) {
    free(list);
    return EINVAL;
  }
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  sigset_t all, none;
  sigfillset(&all), sigemptyset(&none);
  posix_spawn_file_actions_init(&files), posix_spawnattr_init(&how);
  for (int each = 0; each < 3; each++) posix_spawn_file_actions_adddup2(&files, pipes[each][each ? 1 : 0], each);
  posix_spawn_file_actions_addchdir_np(&files, folder);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&how, &none), posix_spawnattr_setsigdefault(&how, &all);
  /* posix_spawnp looks where this process would: let it look where the command would. */
  for (char **each = environment; *each; each++)
    if (!strncmp(*each, "PATH=", 5)) setenv("PATH", *each + 5, 1);
  int failed = posix_spawnp(&command->pid, list[0], &files, &how, list, environment);
  posix_spawn_file_actions_destroy(&files), posix_spawnattr_destroy(&how), free(list);
  return failed;
}

/* What a command has not yet read of its input. */
struct rest {
  char *data;
  size_t from, length;
};

/* Hand the command as much input as it takes now; close it at the end, and when nobody reads it. */
static void feed(int *input, struct rest *rest) {
  ssize_t taken = *input < 0 ? -1 : write(*input, rest->data + rest->from, rest->length - rest->from);
  if (taken < 0 && *input >= 0 && errno == EAGAIN) return;
  if (taken > 0) rest->from += taken;
  if (taken > 0 && rest->from < rest->length) return;
  if (taken <= 0 && *input >= 0) close(*input), *input = -1;
  free(rest->data);
  rest->data = NULL;
}

/* Take one frame of the client; 0 when it has hung up. */
static int hear(int client, struct command *command, int is_over, int *input, struct rest *rest) {
  struct head head;
  char *told = receive_frame(client, &head);
  if (!told) return 0;
  if (head.kind == INPUT) {
    *rest = (struct rest){told, 0, head.length};
    feed(input, rest);
    return 1;
  }
  if (head.kind == SIGNAL && !is_over) kill(command->pid, atoi(told));
  free(told);
  return 1;
}

/* Carry data both ways until the command has ended and its output is closed. */
static void carry(int client, struct command *command, int input, int output, int errors) {
  enum { CLIENT, OUT, ERR, END, IN };
  struct pollfd ports[] = {[CLIENT] = {client, POLLIN, 0},
                           [OUT] = {output, POLLIN, 0},
                           [ERR] = {errors, POLLIN, 0},
                           [END] = {command->ended[0], POLLIN, 0},
                           [IN] = {-1, POLLOUT, 0}};
  struct rest rest = {0};
  char *data = malloc(CHUNK);
  int status = 0;
  fcntl(input, F_SETFL, O_NONBLOCK);
  while (ports[OUT].fd >= 0 || ports[ERR].fd >= 0 || ports[END].fd >= 0) {
    /* No further frame while input waits to be read, but a client that goes is seen. */
    ports[CLIENT].events = rest.data ? POLLRDHUP : POLLIN;
    ports[IN].fd = rest.data ? input : -1;
    if (poll(ports, 5, -1) < 0) continue;
    int is_over = ports[END].fd < 0;
    if (ports[IN].revents) feed(&input, &rest);
    if (ports[CLIENT].revents && (rest.data || !hear(client, command, is_over, &input, &rest))) {
      if (!is_over) killpg(command->pid, SIGKILL);
      break;
    }
    for (int each = OUT; each <= ERR; each++)
      if (ports[each].revents) {
        ssize_t got = read(ports[each].fd, data, CHUNK);
        if (got <= 0 || send_frame(client, each == OUT ? OUTPUT : ERRORS, data, got)) ports[each].fd = -1;
      }
    if (ports[END].revents) {
      if (read(ports[END].fd, &status, sizeof status) < 0) perror("nodectl");
      ports[END].fd = -1;
    }
  }
  if (ports[END].fd < 0) send_frame(client, STATUS, &status, sizeof status);
  else if (read(command->ended[0], &status, sizeof status) < 0) perror("nodectl");
  if (input >= 0) close(input);
  free(rest.data), free(data);
}

static void *serve(void *argument) {
  int client = (int)(intptr_t)argument, pipes[3][2], one = 1;
  struct head head;
  struct command command = {0};
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char *asked = receive_frame(client, &head);
  if (!asked || head.kind != ASK || pipe2(command.ended, O_CLOEXEC)) goto out;
  for (int each = 0; each < 3; each++)
    if (pipe2(pipes[each], O_CLOEXEC)) goto out;
  pthread_mutex_lock(&lock);
  int failed = spawn(&command, asked, head.length, pipes);
  if (!failed) {
    command.next = commands, commands = &command;
    pthread_cond_signal(&spawned);
  }
  pthread_mutex_unlock(&lock);
  close(pipes[0][0]), close(pipes[1][1]), close(pipes[2][1]);
  if (failed) {
    char text[256];
    int size = snprintf(text, sizeof text, "cannot run it: %s\n", strerror(failed)), status = 127 << 8;
    send_frame(client, ERRORS, text, size);
    send_frame(client, STATUS, &status, sizeof status);
    close(pipes[0][1]);
  } else {
    carry(client, &command, pipes[0][1], pipes[1][0], pipes[2][0]);
  }
  close(pipes[1][0]), close(pipes[2][0]);
  close(command.ended[0]), close(command.ended[1]);
out:
  free(asked);
  close(client);
  return NULL;
}

static void *listen_for_ever(void *argument) {
  int door = (int)(intptr_t)argument;
  for (;;) {
    int client = accept4(door, NULL, NULL, SOCK_CLOEXEC);
    pthread_t thread;
    if (client < 0) continue;
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client)) close(client);
    else pthread_detach(thread);
  }
  return NULL;
}

int main(int count, char **words) {
  if (count != 3) return 2;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  inet_pton(AF_INET, words[1], &address.sin_addr);
  int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(door, (void *)&address, sizeof address) || listen(door, 128)) {
    perror("nodectl");
    return 1;
  }
  signal(SIGPIPE, SIG_IGN);
  pthread_t thread;
  if (pthread_create(&thread, NULL, listen_for_ever, (void *)(intptr_t)door)) return 1;
  printf("LAB-READY\n");
  fflush(stdout);
  reap();
}
