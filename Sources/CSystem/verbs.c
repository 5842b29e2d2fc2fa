// SPDX-License-Identifier: Apache-2.0
#include "mapred_verbs.h"

#include <errno.h>

#if __has_include(<infiniband/verbs.h>) && __has_include(<rdma/rdma_cma.h>)

#include <dlfcn.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <pthread.h>
#include <rdma/rdma_cma.h>
#include <string.h>

// The functions that the libraries export. What verbs.h defines inline reaches the device by
// tables.
#define VERBS_FUNCTIONS(X) \
  X(const char *, ibv_get_device_name, (struct ibv_device *)) \
  X(int, ibv_query_device, (struct ibv_context *, struct ibv_device_attr *)) \
  X(struct ibv_pd *, ibv_alloc_pd, (struct ibv_context *)) \
  X(int, ibv_dealloc_pd, (struct ibv_pd *)) \
  X(int, ibv_dereg_mr, (struct ibv_mr *)) \
  X(struct ibv_comp_channel *, ibv_create_comp_channel, (struct ibv_context *)) \
  X(int, ibv_destroy_comp_channel, (struct ibv_comp_channel *)) \
  X(struct ibv_cq *, ibv_create_cq, \
    (struct ibv_context *, int, void *, struct ibv_comp_channel *, int)) \
  X(int, ibv_destroy_cq, (struct ibv_cq *)) \
  X(int, ibv_get_cq_event, (struct ibv_comp_channel *, struct ibv_cq **, void **)) \
  X(void, ibv_ack_cq_events, (struct ibv_cq *, unsigned)) \
  X(const char *, ibv_wc_status_str, (enum ibv_wc_status))
#define CONNECTION_FUNCTIONS(X) \
  X(struct rdma_event_channel *, rdma_create_event_channel, (void)) \
  X(void, rdma_destroy_event_channel, (struct rdma_event_channel *)) \
  X(int, rdma_get_cm_event, (struct rdma_event_channel *, struct rdma_cm_event **)) \
  X(int, rdma_ack_cm_event, (struct rdma_cm_event *)) \
  X(int, rdma_create_id, \
    (struct rdma_event_channel *, struct rdma_cm_id **, void *, enum rdma_port_space)) \
  X(int, rdma_destroy_id, (struct rdma_cm_id *)) \
  X(int, rdma_bind_addr, (struct rdma_cm_id *, struct sockaddr *)) \
  X(int, rdma_listen, (struct rdma_cm_id *, int)) \
  X(int, rdma_resolve_addr, (struct rdma_cm_id *, struct sockaddr *, struct sockaddr *, int)) \
  X(int, rdma_set_option, (struct rdma_cm_id *, int, int, void *, size_t)) \
  X(int, rdma_resolve_route, (struct rdma_cm_id *, int)) \
  X(int, rdma_connect, (struct rdma_cm_id *, struct rdma_conn_param *)) \
  X(int, rdma_accept, (struct rdma_cm_id *, struct rdma_conn_param *)) \
  X(int, rdma_reject, (struct rdma_cm_id *, const void *, uint8_t)) \
  X(int, rdma_disconnect, (struct rdma_cm_id *)) \
  X(int, rdma_create_qp, (struct rdma_cm_id *, struct ibv_pd *, struct ibv_qp_init_attr *)) \
  X(void, rdma_destroy_qp, (struct rdma_cm_id *))

#define DECLARE(result, name, arguments) result(*name) arguments;
static struct {
  VERBS_FUNCTIONS(DECLARE)
  CONNECTION_FUNCTIONS(DECLARE)
  // Macros of verbs.h bear these names.
  struct ibv_mr *(*register_memory)(struct ibv_pd *, void *, size_t, int);
  int (*query_port)(struct ibv_context *, uint8_t, struct ibv_port_attr *);
} calls;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int load_result;
static char load_error[256];

static void *symbol(void *library, const char *name) {
  void *const found = library ? dlsym(library, name) : NULL;
  if (!found && !load_result) {
    const char *const error = dlerror();
    strncpy(load_error, error ? error : name, sizeof load_error - 1);
    load_result = ENOENT;
  }
  return found;
}

static void load(void) {
  void *const verbs = dlopen("libibverbs.so.1", RTLD_NOW | RTLD_GLOBAL);
  void *const connections = verbs ? dlopen("librdmacm.so.1", RTLD_NOW | RTLD_GLOBAL) : NULL;
#define FIND_VERBS(result, name, arguments) calls.name = symbol(verbs, #name);
#define FIND_CONNECTION(result, name, arguments) calls.name = symbol(connections, #name);
  VERBS_FUNCTIONS(FIND_VERBS)
  CONNECTION_FUNCTIONS(FIND_CONNECTION)
  calls.register_memory = symbol(verbs, "ibv_reg_mr");
  calls.query_port = symbol(verbs, "ibv_query_port");
}

int mapred_verbs_load(void) {
  pthread_once(&once, load);
  return load_result;
}

const char *mapred_verbs_load_error(void) { return load_error; }

// The libraries set errno and return -1.
static int result(int status) { return status ? (errno ? errno : EIO) : 0; }

static int unblock(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

#define ID(x) ((struct rdma_cm_id *)(x))
#define CHANNEL(x) ((struct rdma_event_channel *)(x))
#define DEVICE(x) ((struct ibv_context *)(x))
#define DOMAIN(x) ((struct ibv_pd *)(x))
#define MEMORY(x) ((struct ibv_mr *)(x))
#define BELL(x) ((struct ibv_comp_channel *)(x))
#define QUEUE(x) ((struct ibv_cq *)(x))

mapred_verbs_channel *mapred_verbs_open_channel(void) {
  struct rdma_event_channel *const channel = calls.rdma_create_event_channel();
  if (channel && unblock(channel->fd) < 0) {
    calls.rdma_destroy_event_channel(channel);
    return NULL;
  }
  return (mapred_verbs_channel *)channel;
}

void mapred_verbs_close_channel(mapred_verbs_channel *channel) {
  calls.rdma_destroy_event_channel(CHANNEL(channel));
}

int mapred_verbs_channel_fd(mapred_verbs_channel *channel) { return CHANNEL(channel)->fd; }

static int event_kind(enum rdma_cm_event_type type) {
  switch (type) {
    case RDMA_CM_EVENT_ADDR_RESOLVED: return mapred_verbs_event_address_resolved;
    case RDMA_CM_EVENT_ADDR_ERROR: return mapred_verbs_event_address_failed;
    case RDMA_CM_EVENT_ROUTE_RESOLVED: return mapred_verbs_event_route_resolved;
    case RDMA_CM_EVENT_ROUTE_ERROR: return mapred_verbs_event_route_failed;
    case RDMA_CM_EVENT_CONNECT_REQUEST: return mapred_verbs_event_request;
    case RDMA_CM_EVENT_CONNECT_ERROR: return mapred_verbs_event_connect_failed;
    case RDMA_CM_EVENT_UNREACHABLE: return mapred_verbs_event_unreachable;
    case RDMA_CM_EVENT_REJECTED: return mapred_verbs_event_rejected;
    case RDMA_CM_EVENT_ESTABLISHED: return mapred_verbs_event_established;
    case RDMA_CM_EVENT_DISCONNECTED: return mapred_verbs_event_disconnected;
    case RDMA_CM_EVENT_DEVICE_REMOVAL: return mapred_verbs_event_device_removed;
    default: return mapred_verbs_event_other;
  }
}

int mapred_verbs_next_event(mapred_verbs_channel *channel, struct mapred_verbs_event *event) {
  struct rdma_cm_event *got;
  if (calls.rdma_get_cm_event(CHANNEL(channel), &got)) return result(-1);
  event->kind = event_kind(got->event);
  event->status = got->status;
  event->id = (mapred_verbs_id *)got->id;
  calls.rdma_ack_cm_event(got);
  return 0;
}

mapred_verbs_id *mapred_verbs_open_id(mapred_verbs_channel *channel) {
  struct rdma_cm_id *id;
  return calls.rdma_create_id(CHANNEL(channel), &id, NULL, RDMA_PS_TCP)
             ? NULL
             : (mapred_verbs_id *)id;
}

void mapred_verbs_close_id(mapred_verbs_id *id) { calls.rdma_destroy_id(ID(id)); }

int mapred_verbs_bind(mapred_verbs_id *id, const void *address) {
  return result(calls.rdma_bind_addr(ID(id), (struct sockaddr *)address));
}

int mapred_verbs_listen(mapred_verbs_id *id, int backlog) {
  return result(calls.rdma_listen(ID(id), backlog));
}

int mapred_verbs_resolve_address(
    mapred_verbs_id *id, const void *source, const void *target, int milliseconds) {
  return result(calls.rdma_resolve_addr(
      ID(id), (struct sockaddr *)source, (struct sockaddr *)target, milliseconds));
}

int mapred_verbs_set_ack_timeout(mapred_verbs_id *id, uint8_t exponent) {
  return result(calls.rdma_set_option(
      ID(id), RDMA_OPTION_ID, RDMA_OPTION_ID_ACK_TIMEOUT, &exponent, sizeof exponent));
}

int mapred_verbs_resolve_route(mapred_verbs_id *id, int milliseconds) {
  return result(calls.rdma_resolve_route(ID(id), milliseconds));
}

static struct rdma_conn_param parameters(uint8_t retries) {
  return (struct rdma_conn_param){
      .responder_resources = 1, .initiator_depth = 1, .retry_count = retries,
      .rnr_retry_count = retries};
}

int mapred_verbs_connect(mapred_verbs_id *id, uint8_t retries) {
  struct rdma_conn_param wanted = parameters(retries);
  return result(calls.rdma_connect(ID(id), &wanted));
}

int mapred_verbs_accept(mapred_verbs_id *id, uint8_t retries) {
  struct rdma_conn_param wanted = parameters(retries);
  return result(calls.rdma_accept(ID(id), &wanted));
}

int mapred_verbs_reject(mapred_verbs_id *id) { return result(calls.rdma_reject(ID(id), NULL, 0)); }

int mapred_verbs_disconnect(mapred_verbs_id *id) { return result(calls.rdma_disconnect(ID(id))); }

mapred_verbs_device *mapred_verbs_id_device(mapred_verbs_id *id) {
  return (mapred_verbs_device *)ID(id)->verbs;
}

int mapred_verbs_query(mapred_verbs_id *id, struct mapred_verbs_limits *limits) {
  struct ibv_context *const device = ID(id)->verbs;
  struct ibv_device_attr attributes;
  struct ibv_port_attr port;
  memset(&attributes, 0, sizeof attributes);
  memset(&port, 0, sizeof port);
  const int failed = calls.ibv_query_device(device, &attributes);
  if (failed) return failed;
  const int port_failed = calls.query_port(device, ID(id)->port_num, &port);
  if (port_failed) return port_failed;
  *limits = (struct mapred_verbs_limits){
      .memory_bytes = attributes.max_mr_size,
      .message_bytes = port.max_msg_sz,
      .queue_depth = (uint32_t)attributes.max_qp_wr,
      .completions = (uint32_t)attributes.max_cqe,
      .pieces = (uint32_t)attributes.max_sge,
      .connections = (uint32_t)attributes.max_qp,
      .is_iwarp = device->device->transport_type == IBV_TRANSPORT_IWARP};
  return 0;
}

const char *mapred_verbs_device_name(mapred_verbs_device *device) {
  return calls.ibv_get_device_name(DEVICE(device)->device);
}

mapred_verbs_domain *mapred_verbs_open_domain(mapred_verbs_device *device) {
  return (mapred_verbs_domain *)calls.ibv_alloc_pd(DEVICE(device));
}

int mapred_verbs_close_domain(mapred_verbs_domain *domain) {
  return calls.ibv_dealloc_pd(DOMAIN(domain));
}

mapred_verbs_memory *mapred_verbs_register(
    mapred_verbs_domain *domain, void *base, size_t count, int remote_write) {
  const int access = IBV_ACCESS_LOCAL_WRITE | (remote_write ? IBV_ACCESS_REMOTE_WRITE : 0);
  return (mapred_verbs_memory *)calls.register_memory(DOMAIN(domain), base, count, access);
}

int mapred_verbs_deregister(mapred_verbs_memory *memory) {
  return calls.ibv_dereg_mr(MEMORY(memory));
}

uint32_t mapred_verbs_local_key(mapred_verbs_memory *memory) { return MEMORY(memory)->lkey; }
uint32_t mapred_verbs_remote_key(mapred_verbs_memory *memory) { return MEMORY(memory)->rkey; }

mapred_verbs_bell *mapred_verbs_open_bell(mapred_verbs_device *device) {
  struct ibv_comp_channel *const bell = calls.ibv_create_comp_channel(DEVICE(device));
  if (bell && unblock(bell->fd) < 0) {
    calls.ibv_destroy_comp_channel(bell);
    return NULL;
  }
  return (mapred_verbs_bell *)bell;
}

int mapred_verbs_close_bell(mapred_verbs_bell *bell) {
  return calls.ibv_destroy_comp_channel(BELL(bell));
}

int mapred_verbs_bell_fd(mapred_verbs_bell *bell) { return BELL(bell)->fd; }

unsigned mapred_verbs_take_bell(mapred_verbs_bell *bell) {
  struct ibv_cq *queue = NULL;
  void *context;
  unsigned count = 0;
  while (!calls.ibv_get_cq_event(BELL(bell), &queue, &context)) {
    calls.ibv_ack_cq_events(queue, 1);
    count++;
  }
  return count;
}

mapred_verbs_completions *mapred_verbs_open_completions(
    mapred_verbs_device *device, int count, mapred_verbs_bell *bell) {
  return (mapred_verbs_completions *)calls.ibv_create_cq(
      DEVICE(device), count, NULL, BELL(bell), 0);
}

int mapred_verbs_close_completions(mapred_verbs_completions *completions) {
  return calls.ibv_destroy_cq(QUEUE(completions));
}

int mapred_verbs_notify(mapred_verbs_completions *completions) {
  return ibv_req_notify_cq(QUEUE(completions), 0);
}

enum { batch = 64 };

int mapred_verbs_poll(
    mapred_verbs_completions *completions, struct mapred_verbs_completion *into, int capacity) {
  struct ibv_wc found[batch];
  const int count =
      ibv_poll_cq(QUEUE(completions), capacity < batch ? capacity : batch, found);
  for (int i = 0; i < count; i++) {
    // Only successful receives have a size.
    into[i] = (struct mapred_verbs_completion){
        .id = found[i].wr_id, .status = found[i].status,
        .byte_count = found[i].status == IBV_WC_SUCCESS ? found[i].byte_len : 0};
  }
  return count;
}

const char *mapred_verbs_status_text(uint32_t status) {
  return calls.ibv_wc_status_str((enum ibv_wc_status)status);
}

int mapred_verbs_open_pair(
    mapred_verbs_id *id, mapred_verbs_domain *domain, mapred_verbs_completions *completions,
    uint32_t sends, uint32_t receives, uint32_t *inline_bytes) {
  struct ibv_qp_init_attr wanted = {
      .send_cq = QUEUE(completions), .recv_cq = QUEUE(completions), .qp_type = IBV_QPT_RC,
      .cap = {.max_send_wr = sends, .max_recv_wr = receives, .max_send_sge = 1,
              .max_recv_sge = 1, .max_inline_data = *inline_bytes}};
  const int failed = result(calls.rdma_create_qp(ID(id), DOMAIN(domain), &wanted));
  if (!failed) *inline_bytes = wanted.cap.max_inline_data;
  return failed;
}

void mapred_verbs_close_pair(mapred_verbs_id *id) {
  if (ID(id)->qp) calls.rdma_destroy_qp(ID(id));
}

// Describes up to `batch` pieces of work; returns how many.
static int describe(
    struct ibv_send_wr *requests, struct ibv_sge *pieces, const struct mapred_verbs_work *work,
    int count) {
  const int taken = count < batch ? count : batch;
  for (int i = 0; i < taken; i++) {
    const struct mapred_verbs_work *const w = &work[i];
    pieces[i] = (struct ibv_sge){
        .addr = w->local, .length = w->byte_count, .lkey = w->local_key};
    const int message = w->flags & mapred_verbs_message;
    requests[i] = (struct ibv_send_wr){
        .wr_id = w->id, .next = i + 1 < taken ? &requests[i + 1] : NULL,
        .sg_list = &pieces[i], .num_sge = 1,
        .opcode = message ? IBV_WR_SEND : IBV_WR_RDMA_WRITE,
        .send_flags = (w->flags & mapred_verbs_signaled ? IBV_SEND_SIGNALED : 0) |
                      (w->flags & mapred_verbs_inline ? IBV_SEND_INLINE : 0)};
    requests[i].wr.rdma.remote_addr = w->remote;
    requests[i].wr.rdma.rkey = w->remote_key;
  }
  return taken;
}

int mapred_verbs_post(
    mapred_verbs_id *id, const struct mapred_verbs_work *work, int count, int *posted) {
  struct ibv_send_wr requests[batch], *refused;
  struct ibv_sge pieces[batch];
  for (*posted = 0; *posted < count;) {
    const int taken = describe(requests, pieces, work + *posted, count - *posted);
    const int failed = ibv_post_send(ID(id)->qp, requests, &refused);
    if (failed) {
      *posted += (int)(refused - requests);
      return failed;
    }
    *posted += taken;
  }
  return 0;
}

int mapred_verbs_post_receives(
    mapred_verbs_id *id, const struct mapred_verbs_work *work, int count) {
  struct ibv_recv_wr requests[batch], *refused;
  struct ibv_sge pieces[batch];
  for (int done = 0; done < count;) {
    const int taken = count - done < batch ? count - done : batch;
    for (int i = 0; i < taken; i++) {
      const struct mapred_verbs_work *const w = &work[done + i];
      pieces[i] = (struct ibv_sge){
          .addr = w->local, .length = w->byte_count, .lkey = w->local_key};
      requests[i] = (struct ibv_recv_wr){
          .wr_id = w->id, .next = i + 1 < taken ? &requests[i + 1] : NULL,
          .sg_list = &pieces[i], .num_sge = 1};
    }
    const int failed = ibv_post_recv(ID(id)->qp, requests, &refused);
    if (failed) return failed;
    done += taken;
  }
  return 0;
}

#else

// Nothing is reached after mapred_verbs_load has failed.
#define ABSENT(signature, answer) \
  signature { \
    errno = ENOSYS; \
    return answer; \
  }
#define ABSENT_VOID(signature) \
  signature {}

int mapred_verbs_load(void) { return ENOSYS; }
const char *mapred_verbs_load_error(void) { return "not built in"; }
typedef mapred_verbs_channel channel_t;
typedef mapred_verbs_id id_t_;
typedef mapred_verbs_device device_t;
typedef mapred_verbs_domain domain_t;
typedef mapred_verbs_memory memory_t;
typedef mapred_verbs_bell bell_t;
typedef mapred_verbs_completions completions_t;
ABSENT(channel_t *mapred_verbs_open_channel(void), NULL)
ABSENT_VOID(void mapred_verbs_close_channel(channel_t *c))
ABSENT(int mapred_verbs_channel_fd(channel_t *c), -1)
ABSENT(int mapred_verbs_next_event(channel_t *c, struct mapred_verbs_event *e), ENOSYS)
ABSENT(id_t_ *mapred_verbs_open_id(channel_t *c), NULL)
ABSENT_VOID(void mapred_verbs_close_id(id_t_ *i))
ABSENT(int mapred_verbs_bind(id_t_ *i, const void *a), ENOSYS)
ABSENT(int mapred_verbs_listen(id_t_ *i, int b), ENOSYS)
ABSENT(
    int mapred_verbs_resolve_address(id_t_ *i, const void *s, const void *t, int m), ENOSYS)
ABSENT(int mapred_verbs_set_ack_timeout(id_t_ *i, uint8_t e), ENOSYS)
ABSENT(int mapred_verbs_resolve_route(id_t_ *i, int m), ENOSYS)
ABSENT(int mapred_verbs_connect(id_t_ *i, uint8_t r), ENOSYS)
ABSENT(int mapred_verbs_accept(id_t_ *i, uint8_t r), ENOSYS)
ABSENT(int mapred_verbs_reject(id_t_ *i), ENOSYS)
ABSENT(int mapred_verbs_disconnect(id_t_ *i), ENOSYS)
ABSENT(device_t *mapred_verbs_id_device(id_t_ *i), NULL)
ABSENT(int mapred_verbs_query(id_t_ *i, struct mapred_verbs_limits *l), ENOSYS)
ABSENT(const char *mapred_verbs_device_name(device_t *d), "")
ABSENT(domain_t *mapred_verbs_open_domain(device_t *d), NULL)
ABSENT(int mapred_verbs_close_domain(domain_t *d), ENOSYS)
ABSENT(memory_t *mapred_verbs_register(domain_t *d, void *b, size_t c, int r), NULL)
ABSENT(int mapred_verbs_deregister(memory_t *m), ENOSYS)
ABSENT(uint32_t mapred_verbs_local_key(memory_t *m), 0)
ABSENT(uint32_t mapred_verbs_remote_key(memory_t *m), 0)
ABSENT(bell_t *mapred_verbs_open_bell(device_t *d), NULL)
ABSENT(int mapred_verbs_close_bell(bell_t *b), ENOSYS)
ABSENT(int mapred_verbs_bell_fd(bell_t *b), -1)
ABSENT(unsigned mapred_verbs_take_bell(bell_t *b), 0)
ABSENT(completions_t *mapred_verbs_open_completions(device_t *d, int n, bell_t *b), NULL)
ABSENT(int mapred_verbs_close_completions(completions_t *c), ENOSYS)
ABSENT(int mapred_verbs_notify(completions_t *c), ENOSYS)
ABSENT(
    int mapred_verbs_poll(completions_t *c, struct mapred_verbs_completion *i, int n), -1)
ABSENT(const char *mapred_verbs_status_text(uint32_t s), "not built in")
ABSENT(
    int mapred_verbs_open_pair(
        id_t_ *i, domain_t *d, completions_t *c, uint32_t s, uint32_t r, uint32_t *n),
    ENOSYS)
ABSENT_VOID(void mapred_verbs_close_pair(id_t_ *i))
ABSENT(
    int mapred_verbs_post(id_t_ *i, const struct mapred_verbs_work *w, int n, int *p), ENOSYS)
ABSENT(
    int mapred_verbs_post_receives(id_t_ *i, const struct mapred_verbs_work *w, int n), ENOSYS)

#endif
