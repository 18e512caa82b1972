/* The floor of a build: sends netlink messages as they stand in a file, and waits for what they are answered;
 * and looks at the same settings.
 *
 * replay FILE INTERNET HOST: FILE holds records of { int32 where (0: internet, 1: host), int32 protocol,
 * int32 answers, int32 length } and the bytes; INTERNET and HOST are paths of network namespaces. A message
 * may name the descriptor of HOST: it is the number 30 here. With protocol -1 the bytes are the file of a setting
 * and its value, each with a final 0. Prints the milliseconds that all of it took.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what) { perror(what); exit(1); }

/* A socket of that protocol in the namespace we are in. */
static int open_socket(int protocol) {
    struct sockaddr_nl here = { .nl_family = AF_NETLINK };
    int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (sock < 0 || bind(sock, (struct sockaddr *)&here, sizeof here)) fail("socket");
    return sock;
}

/* Reads until that many acknowledgements or ends of lists have come; the first error ends the program. */
static void await(int sock, int answers) {
    static char answer[1 << 17];
    while (answers > 0) {
        ssize_t size = recv(sock, answer, sizeof answer, 0);
        if (size < 0) fail("recv");
        struct nlmsghdr *head = (struct nlmsghdr *)answer;
        for (; NLMSG_OK(head, size); head = NLMSG_NEXT(head, size)) {
            if (head->nlmsg_type != NLMSG_ERROR && head->nlmsg_type != NLMSG_DONE) continue;
            int error = head->nlmsg_type == NLMSG_ERROR ? ((struct nlmsgerr *)NLMSG_DATA(head))->error : 0;
            if (error) { fprintf(stderr, "refused: %s\n", strerror(-error)); exit(1); }
            answers--;
        }
    }
}

/* Writes a setting where something else stands; one that this kernel does not have is left out. */
static void assure(const char *file, const char *value) {
    char found[4096];
    int fd = open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t size = read(fd, found, sizeof found);
    size_t wanted = strlen(value);
    if (size < (ssize_t)wanted || strncmp(found, value, wanted)) (void)!pwrite(fd, value, wanted, 0);
    close(fd);
}

int main(int count, char **words) {
    static char bytes[1 << 20];
    if (count != 4) return 2;
    FILE *file = fopen(words[1], "rb");
    int host = open(words[3], O_RDONLY), internet = open(words[2], O_RDONLY);
    if (!file || host < 0 || internet < 0) fail("open");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    if (dup2(host, 30) < 0) fail("dup2");
    int entered = -1;
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (size_t at = 0; at < size;) {
        int32_t head[4];
        memcpy(head, bytes + at, sizeof head);
        at += sizeof head;
        int there = head[0] ? 30 : internet;
        if (there != entered && setns(there, CLONE_NEWNET)) fail("setns");
        entered = there;
        if (head[1] < 0) {
            assure(bytes + at, bytes + at + strlen(bytes + at) + 1);
            at += head[3];
            continue;
        }
        int sock = open_socket(head[1]);
        if (send(sock, bytes + at, head[3], 0) != head[3]) fail("send");
        await(sock, head[2]);
        close(sock);
        at += head[3];
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%f\n", (ended.tv_sec - began.tv_sec) * 1e3 + (ended.tv_nsec - began.tv_nsec) / 1e6);
    return 0;
}
