// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "mapred_shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int mapred_memory_file(const char *name) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const int made = memfd_create(name, flags | MFD_NOEXEC_SEAL);
  // Kernels before 6.3 do not know the second flag.
  return made >= 0 || errno != EINVAL ? made : memfd_create(name, flags);
}

int mapred_seal_size(int descriptor) {
  return fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
}

int mapred_seal_writers(int descriptor) {
  return fcntl(descriptor, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
}

int mapred_has_fixed_size(int descriptor) {
  const int both = F_SEAL_SHRINK | F_SEAL_GROW;
  const int seals = fcntl(descriptor, F_GET_SEALS);
  return seals >= 0 && (seals & both) == both;
}

void mapred_give_back(int descriptor, int64_t offset, int64_t count) {
  (void)fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count);
}

int mapred_move_mapping(void *from, size_t count, void *to) {
  return mremap(from, count, count, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED ? -1 : 0;
}

int mapred_copy_cells(void *to, const void *from, size_t count) {
  const uint64_t *source = from;
  uint64_t *target = to;
  uint64_t differs = 0;
  for (size_t place = 0; place < count; place++) {
    const uint64_t value = __atomic_load_n(source + place, __ATOMIC_RELAXED);
    differs |= value ^ target[place];
    target[place] = value;
  }
  return differs != 0;
}

void mapred_futex_wait(uint32_t *word, uint32_t value, uint64_t nanoseconds) {
  const struct timespec limit = {.tv_sec = (time_t)(nanoseconds / 1000000000),
                                 .tv_nsec = (long)(nanoseconds % 1000000000)};
  (void)syscall(SYS_futex, word, FUTEX_WAIT, value, &limit, NULL, 0);
}

void mapred_futex_wake(uint32_t *word) {
  (void)syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int mapred_pipe(int *ends) { return pipe2(ends, O_CLOEXEC); }

int mapred_accept(int listener) {
  return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

enum { files_maximum = 4 };

ssize_t mapred_send_files(int socket, const void *bytes, size_t count, const int *files,
                          int file_count) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int) * files_maximum)];
  } control;
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (file_count > files_maximum) return errno = EINVAL, -1;
  if (file_count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)file_count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)file_count);
    memcpy(CMSG_DATA(header), files, sizeof(int) * (size_t)file_count);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t mapred_receive_files(int socket, void *bytes, size_t count, int *files, int *file_count) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int) * files_maximum)];
  } control;
  struct iovec part = {.iov_base = bytes, .iov_len = count};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  const int room = *file_count;
  *file_count = 0;
  const ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (received < 0) return received;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t place = 0; place < came; place++) {
      int file;
      memcpy(&file, CMSG_DATA(header) + place * sizeof(int), sizeof file);
      if (*file_count < room) {
        files[(*file_count)++] = file;
      } else {
        close(file);
      }
    }
  }
  return received;
}

int mapred_peer_user(int socket, uint32_t *user) {
  struct ucred credentials;
  socklen_t size = sizeof credentials;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return -1;
  *user = credentials.uid;
  return 0;
}
