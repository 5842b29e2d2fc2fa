// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "mapred_executor.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { variables_maximum = 8 };

struct spawning {
  const char *path;
  char *arguments[3];
  char *environment[variables_maximum + 1];
  const struct mapred_spawn *what;
  pid_t parent;
  const char *failed_call;
  int failure;
};

static int fail(struct spawning *spawning, const char *call) {
  spawning->failure = errno;
  spawning->failed_call = call;
  _exit(127);
}

static void place_files(struct spawning *s) {
  int moved[mapred_spawn_files];
  for (int i = 0; i < mapred_spawn_files; i++) {
    moved[i] = fcntl(s->what->files[i], F_DUPFD, 2 * mapred_spawn_files);
    if (moved[i] < 0) fail(s, "dup");
  }
  for (int i = 0; i < mapred_spawn_files; i++) {
    if (dup2(moved[i], i) < 0) fail(s, "dup2");
  }
  if (syscall(SYS_close_range, mapred_spawn_files, ~0U, 0) == 0) return;
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail(s, "getrlimit");
  for (int i = mapred_spawn_files; i < (int)limit.rlim_cur; i++) close(i);
}

static void set_limit(struct spawning *s, int kind, rlim_t bytes) {
  const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};
  if (setrlimit(kind, &limit) != 0) fail(s, "setrlimit");
}

// The raw calls: those of the C library would tell all threads of the parent, whose memory this is.
static void change_user(struct spawning *s) {
  const struct mapred_spawn *what = s->what;
  if (syscall(SYS_setgroups, 0, NULL) != 0) fail(s, "setgroups");
  if (syscall(SYS_setresgid, what->group, what->group, what->group) != 0) fail(s, "setresgid");
  if (syscall(SYS_setresuid, what->user, what->user, what->user) != 0) fail(s, "setresuid");
}

// Where memory ends, the system shall take an executor before it takes its node.
static void offer_to_be_killed(void) {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY);
  if (file < 0) return;
  if (write(file, "500", 3) != 3) { /* It is only a hint. */ }
  close(file);
}

// Runs in the parent's memory, with its own descriptors and handlers, until it becomes the program.
static int become(void *argument) {
  struct spawning *s = argument;
  for (int number = 1; number < NSIG; number++) {
    if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
  }
  if (setsid() < 0) fail(s, "setsid");
  offer_to_be_killed();
  place_files(s);
  set_limit(s, RLIMIT_CORE, 0);
  if (s->what->memory_bytes != 0) set_limit(s, RLIMIT_DATA, s->what->memory_bytes);
  if (s->what->changes_user) change_user(s);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(s, "prctl");
  // Behind the change of users, which would undo it.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) fail(s, "prctl");
  if (syscall(SYS_getppid) != s->parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(s->path, s->arguments, s->environment);
  return fail(s, "execve");
}

// Nothing secret of the node's, and no say in how the program's own faults are shown.
static void choose_environment(struct spawning *s) {
  static const char *const names[] = {"PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH"};
  int count = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char *value = getenv(names[i]);
    if (value != NULL) s->environment[count++] = value - strlen(names[i]) - 1;
  }
  s->environment[count++] = "SWIFT_BACKTRACE=enable=no";
  s->environment[count] = NULL;
}

int mapred_spawn(const char *path, const char *argument, const struct mapred_spawn *what,
                 pid_t *process, int *process_descriptor, const char **failed_call) {
  enum { stack_bytes = 128 << 10 };
  char *stack = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return *failed_call = "mmap", errno;
  struct spawning spawning = {.path = path,
                              .arguments = {(char *)path, (char *)argument, NULL},
                              .what = what,
                              .parent = getpid()};
  choose_environment(&spawning);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // The parent stands still until the child is another program, so that its memory need not be
  // copied.
  *process = clone(become, stack + stack_bytes, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
                   &spawning, process_descriptor);
  const int cloned = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  munmap(stack, stack_bytes);
  if (*process < 0) return *failed_call = "clone", cloned;
  fcntl(*process_descriptor, F_SETFD, FD_CLOEXEC);
  if (spawning.failed_call == NULL) return 0;
  siginfo_t ended;
  waitid((idtype_t)P_PIDFD, (id_t)*process_descriptor, &ended, WEXITED);
  close(*process_descriptor);
  *failed_call = spawning.failed_call;
  return spawning.failure;
}

int mapred_reap(int process_descriptor, int *by_signal, int *number) {
  siginfo_t ended = {0};
  int result;
  do {
    result = waitid((idtype_t)P_PIDFD, (id_t)process_descriptor, &ended, WEXITED | WNOHANG);
  } while (result != 0 && errno == EINTR);
  if (result != 0 || ended.si_pid == 0) return 0;
  *by_signal = ended.si_code != CLD_EXITED;
  *number = ended.si_status;
  return 1;
}

void mapred_kill(pid_t process, int process_descriptor) {
  // Its group has its number: not used again while it has not been reaped.
  kill(-process, SIGKILL);
  syscall(SYS_pidfd_send_signal, process_descriptor, SIGKILL, NULL, 0);
}

void mapred_abort(int process_descriptor) {
  syscall(SYS_pidfd_send_signal, process_descriptor, SIGABRT, NULL, 0);
}

// The raw calls change the thread alone.
int mapred_open_as(const char *path, uint32_t user, uint32_t group) {
  enum { groups_maximum = 1 << 16 };
  gid_t *const groups = malloc(groups_maximum * sizeof *groups);
  if (groups == NULL) return -1;
  const int count = getgroups(groups_maximum, groups);
  if (count < 0 || syscall(SYS_setgroups, 0, NULL) != 0) return free(groups), -1;
  syscall(SYS_setfsgid, group);
  syscall(SYS_setfsuid, user);
  // What cannot be asked is seen from what a second change would change.
  const int has_changed = syscall(SYS_setfsuid, -1) == (long)user;
  const int opened = has_changed ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
  const int failure = has_changed ? errno : EPERM;
  syscall(SYS_setfsuid, geteuid());
  syscall(SYS_setfsgid, getegid());
  syscall(SYS_setgroups, count, groups);
  free(groups);
  errno = failure;
  return opened;
}

int mapred_socket_pair(int *ends) {
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

int mapred_reopen_for_reading(int descriptor) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  return open(path, O_RDONLY | O_CLOEXEC);
}

int mapred_find_user(const char *name, uint32_t *user, uint32_t *group) {
  char room[16 << 10];
  struct passwd entry, *found = NULL;
  const int failure = getpwnam_r(name, &entry, room, sizeof room, &found);
  if (failure != 0) return failure;
  if (found == NULL) return ENOENT;
  *user = found->pw_uid;
  *group = found->pw_gid;
  return 0;
}

_Thread_local uint64_t *mapred_line_cell = NULL;

static void say(const char *text) {
  if (write(2, text, strlen(text)) < 0) { /* Nobody listens. */ }
}

static void on_fault(int number) {
  void *frames[64];
  const int count = backtrace(frames, 64);
  say("\nstack:\n");
  // The first two are this function and the signal's own frame.
  backtrace_symbols_fd(frames + (count > 2 ? 2 : 0), count > 2 ? count - 2 : count, 2);
  signal(number, SIG_DFL);
  raise(number);
}

void mapred_become_executor(void) {
  setvbuf(stdout, NULL, _IOLBF, 1 << 12);
  signal(SIGPIPE, SIG_IGN);
  // The first call loads a library, which a signal must not.
  void *frame;
  backtrace(&frame, 1);
  enum { stack_bytes = 128 << 10 };
  stack_t stack = {.ss_sp = malloc(stack_bytes), .ss_size = stack_bytes};
  if (stack.ss_sp != NULL) sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER};
  const int faults[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigaction(faults[i], &action, NULL);
}

const char *mapred_signal_name(int number) {
  const char *name = sigabbrev_np(number);
  return name != NULL ? name : "?";
}
