// SPDX-License-Identifier: Apache-2.0
//
// epollsend BYTES MESSAGES [RECEIVERS]
//
// One process sends MESSAGES messages of BYTES to each of RECEIVERS (default: 2) other processes
// over loopback TCP, the same bytes to all, as fast as they are taken; these read and do nothing
// else. Small messages are handed to the system many at a time. Prints one JSON object with the
// seconds until all receivers had said that they have everything, and processor time of all.

#include <algorithm>
#include <cstring>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "system.h"

namespace {

constexpr size_t batchBytes = size_t{256} << 10;

sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

// Connects, reads everything, says so with one byte, and waits until it was heard.
[[noreturn]] void receive(sockaddr_in address, size_t total) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, generic(address), sizeof address) < 0) fail("connect");
    std::vector<char> buffer(batchBytes);
    for (size_t got = 0; got < total;) {
        const ssize_t count = read(fd, buffer.data(), buffer.size());
        if (count <= 0) fail("read");
        got += static_cast<size_t>(count);
    }
    if (write(fd, "!", 1) != 1) fail("write");
    while (read(fd, buffer.data(), 1) > 0) {
    }
    _exit(0);
}

struct Link {
    int fd;
    size_t sent = 0;
};

// Sends what the socket takes: the buffer holds whole messages and is sent over and over.
void push(Link& link, const std::vector<char>& buffer, size_t total) {
    while (link.sent < total) {
        const size_t place = link.sent % buffer.size();
        const size_t count = std::min(buffer.size() - place, total - link.sent);
        const ssize_t taken = send(link.fd, buffer.data() + place, count, MSG_NOSIGNAL);
        if (taken < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (taken < 0) fail("send");
        link.sent += static_cast<size_t>(taken);
    }
}

void sendAll(std::vector<Link>& links, const std::vector<char>& buffer, size_t total) {
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll");
    for (size_t i = 0; i < links.size(); ++i) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.u64 = i;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, links[i].fd, &event) < 0) fail("epoll_ctl");
    }
    for (size_t done = 0; done < links.size();) {
        epoll_event events[16];
        const int count = epoll_wait(epoll, events, 16, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; ++i) {
            Link& link = links[events[i].data.u64];
            if (events[i].events & EPOLLOUT) push(link, buffer, total);
            char answer;
            if ((events[i].events & EPOLLIN) && read(link.fd, &answer, 1) == 1) ++done;
            if (events[i].events & (EPOLLERR | EPOLLHUP)) errno = ECONNRESET, fail("receiver");
        }
    }
    close(epoll);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3 && argc != 4) {
        std::fprintf(stderr, "usage: epollsend BYTES MESSAGES [RECEIVERS]\n");
        return 2;
    }
    const size_t bytes = number(argv[1]), messages = number(argv[2]);
    const size_t receivers = argc > 3 ? number(argv[3]) : 2, total = bytes * messages;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, generic(address), sizeof address) < 0 ||
        listen(listener, 16) < 0 || getsockname(listener, generic(address), &length) < 0)
        fail("listen");
    for (size_t i = 0; i < receivers; ++i) {
        const pid_t child = fork();
        if (child < 0) fail("fork");
        if (child == 0) receive(address, total);
    }
    std::vector<Link> links;
    for (size_t i = 0; i < receivers; ++i) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const int on = 1;
        if (fd < 0) fail("accept");
        if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) fail("TCP_NODELAY");
        links.push_back({fd});
    }
    const std::vector<char> buffer(bytes * std::max<size_t>(1, batchBytes / bytes), 'x');
    const double start = seconds(CLOCK_MONOTONIC);
    sendAll(links, buffer, total);
    const double took = seconds(CLOCK_MONOTONIC) - start;
    for (const Link& link : links) close(link.fd);
    for (size_t i = 0; i < receivers; ++i) waitForChild();
    const double cpu = childSeconds() + seconds(CLOCK_PROCESS_CPUTIME_ID);
    std::printf("{\"bytes\":%zu,\"messages\":%zu,\"receivers\":%zu,", bytes, messages, receivers);
    std::printf("\"seconds\":%.9f,\"cpu\":%.9f}\n", took, cpu);
}
