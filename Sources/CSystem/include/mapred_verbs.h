// SPDX-License-Identifier: Apache-2.0
// RDMA verbs and their connections, behind pointers and numbers alone: no type of the libraries is
// seen outside of verbs.c. The libraries are opened when they are first asked for, so a program
// starts on hosts without them. No logic lives here.
//
// What returns an int returns 0 or an errno; what returns a pointer returns NULL and sets errno.
#ifndef MAPRED_VERBS_H
#define MAPRED_VERBS_H

#include <stddef.h>
#include <stdint.h>

typedef struct mapred_verbs_channel mapred_verbs_channel;        // of connection events
typedef struct mapred_verbs_id mapred_verbs_id;                  // a listener or a connection
typedef struct mapred_verbs_device mapred_verbs_device;          // an open device
typedef struct mapred_verbs_domain mapred_verbs_domain;          // what may be used together
typedef struct mapred_verbs_memory mapred_verbs_memory;          // registered memory
typedef struct mapred_verbs_bell mapred_verbs_bell;              // tells that completions came
typedef struct mapred_verbs_completions mapred_verbs_completions; // the queue of completions

/// Opens the libraries, once. ENOSYS: built without their headers. ENOENT: they are not installed;
/// `mapred_verbs_load_error` says more.
int mapred_verbs_load(void);
const char *_Nonnull mapred_verbs_load_error(void);

// ---- connections ----

enum {
  mapred_verbs_event_other,
  mapred_verbs_event_address_resolved,
  mapred_verbs_event_address_failed,
  mapred_verbs_event_route_resolved,
  mapred_verbs_event_route_failed,
  mapred_verbs_event_request,
  mapred_verbs_event_connect_failed,
  mapred_verbs_event_unreachable,
  mapred_verbs_event_rejected,
  mapred_verbs_event_established,
  mapred_verbs_event_disconnected,
  mapred_verbs_event_device_removed
};

struct mapred_verbs_event {
  int32_t kind;
  /// A negative errno, or a reason of the protocol.
  int32_t status;
  mapred_verbs_id *_Nullable id;
};

mapred_verbs_channel *_Nullable mapred_verbs_open_channel(void);
void mapred_verbs_close_channel(mapred_verbs_channel *_Nonnull channel);
/// A descriptor that is readable when events wait. It does not block.
int mapred_verbs_channel_fd(mapred_verbs_channel *_Nonnull channel);
/// The next event, EAGAIN where there is none.
int mapred_verbs_next_event(
    mapred_verbs_channel *_Nonnull channel, struct mapred_verbs_event *_Nonnull event);

mapred_verbs_id *_Nullable mapred_verbs_open_id(mapred_verbs_channel *_Nonnull channel);
/// After its queue pair.
void mapred_verbs_close_id(mapred_verbs_id *_Nonnull id);
int mapred_verbs_bind(mapred_verbs_id *_Nonnull id, const void *_Nonnull address);
int mapred_verbs_listen(mapred_verbs_id *_Nonnull id, int backlog);
int mapred_verbs_resolve_address(
    mapred_verbs_id *_Nonnull id, const void *_Nonnull source, const void *_Nonnull target,
    int milliseconds);
/// How long a packet may be unanswered: 4.096 µs · 2^exponent.
int mapred_verbs_set_ack_timeout(mapred_verbs_id *_Nonnull id, uint8_t exponent);
int mapred_verbs_resolve_route(mapred_verbs_id *_Nonnull id, int milliseconds);
int mapred_verbs_connect(mapred_verbs_id *_Nonnull id, uint8_t retries);
int mapred_verbs_accept(mapred_verbs_id *_Nonnull id, uint8_t retries);
int mapred_verbs_reject(mapred_verbs_id *_Nonnull id);
/// Ends the connection: its queue pair takes and sends nothing any more.
int mapred_verbs_disconnect(mapred_verbs_id *_Nonnull id);
/// The device that an id belongs to; NULL before it is bound.
mapred_verbs_device *_Nullable mapred_verbs_id_device(mapred_verbs_id *_Nonnull id);

// ---- devices ----

struct mapred_verbs_limits {
  uint64_t memory_bytes;    // of one registration
  uint64_t message_bytes;   // of one write
  uint32_t queue_depth;     // requests in a queue
  uint32_t completions;     // in a queue of completions
  uint32_t pieces;          // that a request is gathered from
  uint32_t connections;     // queue pairs
  uint32_t is_iwarp;
};

int mapred_verbs_query(
    mapred_verbs_id *_Nonnull id, struct mapred_verbs_limits *_Nonnull limits);
const char *_Nonnull mapred_verbs_device_name(mapred_verbs_device *_Nonnull device);
mapred_verbs_domain *_Nullable mapred_verbs_open_domain(mapred_verbs_device *_Nonnull device);
int mapred_verbs_close_domain(mapred_verbs_domain *_Nonnull domain);
mapred_verbs_memory *_Nullable mapred_verbs_register(
    mapred_verbs_domain *_Nonnull domain, void *_Nonnull base, size_t count, int remote_write);
int mapred_verbs_deregister(mapred_verbs_memory *_Nonnull memory);
uint32_t mapred_verbs_local_key(mapred_verbs_memory *_Nonnull memory);
uint32_t mapred_verbs_remote_key(mapred_verbs_memory *_Nonnull memory);

// ---- queues ----

mapred_verbs_bell *_Nullable mapred_verbs_open_bell(mapred_verbs_device *_Nonnull device);
int mapred_verbs_close_bell(mapred_verbs_bell *_Nonnull bell);
/// A descriptor that is readable when the bell rang. It does not block.
int mapred_verbs_bell_fd(mapred_verbs_bell *_Nonnull bell);
/// Takes what rang so far, and returns how often.
unsigned mapred_verbs_take_bell(mapred_verbs_bell *_Nonnull bell);

mapred_verbs_completions *_Nullable mapred_verbs_open_completions(
    mapred_verbs_device *_Nonnull device, int count, mapred_verbs_bell *_Nonnull bell);
int mapred_verbs_close_completions(mapred_verbs_completions *_Nonnull completions);
/// The next completion rings the bell.
int mapred_verbs_notify(mapred_verbs_completions *_Nonnull completions);

struct mapred_verbs_completion {
  uint64_t id;
  uint32_t status; // 0: success
  uint32_t byte_count;
};

/// Up to `capacity` completions; negative where the queue is broken.
int mapred_verbs_poll(
    mapred_verbs_completions *_Nonnull completions,
    struct mapred_verbs_completion *_Nonnull into, int capacity);
const char *_Nonnull mapred_verbs_status_text(uint32_t status);
enum {
  mapred_verbs_status_flushed = 5,
  mapred_verbs_status_retries_exceeded = 12
};

/// A reliable queue pair whose completions all go to one queue. `inline_bytes`: wanted, then
/// granted.
int mapred_verbs_open_pair(
    mapred_verbs_id *_Nonnull id, mapred_verbs_domain *_Nonnull domain,
    mapred_verbs_completions *_Nonnull completions, uint32_t sends, uint32_t receives,
    uint32_t *_Nonnull inline_bytes);
void mapred_verbs_close_pair(mapred_verbs_id *_Nonnull id);

enum {
  mapred_verbs_signaled = 1,
  mapred_verbs_inline = 2,
  /// A message that takes a receive of the peer; else a write into its memory.
  mapred_verbs_message = 4
};

struct mapred_verbs_work {
  uint64_t id;
  uint64_t local;
  uint64_t remote;
  uint32_t byte_count;
  uint32_t local_key;
  uint32_t remote_key;
  uint32_t flags;
};

/// Posts work in order, in one call of the device for each 64. `posted`: how many it took.
int mapred_verbs_post(
    mapred_verbs_id *_Nonnull id, const struct mapred_verbs_work *_Nonnull work, int count,
    int *_Nonnull posted);
/// Posts receives: only id, local, byte_count and local_key count.
int mapred_verbs_post_receives(
    mapred_verbs_id *_Nonnull id, const struct mapred_verbs_work *_Nonnull work, int count);

#endif
